/** The bundle's entry: package.json's part that oclif reads is built in. */

import { commands } from 'jobserv:commands';
import { fileURLToPath } from 'node:url';
import type { PJSON } from '@oclif/core/interfaces';
import { main } from './main.js';

declare const JOBSERV_PACKAGE: PJSON;

void main({ root: fileURLToPath(new URL('.', import.meta.url)), pjson: JOBSERV_PACKAGE }, commands);
