/** The bundle's entry: package.json's part that oclif reads is built in. */

import { commands } from 'jobserv:commands';
import published from 'jobserv:package';
import { main } from './main.js';

void main({ root: import.meta.dirname, pjson: published }, commands);
