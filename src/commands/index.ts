/** The program as oclif loads it: `oclif` in package.json names this module's exports. */
import type { Command, Interfaces } from '@oclif/core';
import notFound from '@oclif/plugin-not-found';
// The plugins' commands, by path: their packages export no names for them.
import Autocomplete from '../../node_modules/@oclif/plugin-autocomplete/lib/commands/autocomplete/index.js';
import AutocompleteScript from '../../node_modules/@oclif/plugin-autocomplete/lib/commands/autocomplete/script.js';
import Help from '../../node_modules/@oclif/plugin-help/lib/commands/help.js';
import Version from '../../node_modules/@oclif/plugin-version/lib/commands/version.js';
import CheckTestGrepping from './check-test-grepping.js';
import Doctor from './doctor.js';
import Explain from './explain.js';
import Init from './init.js';
import List from './list.js';
import Prune from './prune.js';
import Reproduce from './reproduce.js';
import RundefCreate from './rundef/create.js';
import RundefGet from './rundef/get.js';
import Schema from './schema.js';
import { EXIT } from './shared/exit-status.js';
import { surviveBrokenPipes } from './shared/output.js';
import Simulate from './simulate.js';
import Validate from './validate.js';
import WorkerCheck from './worker/check.js';
import WorkerCronwrap from './worker/cronwrap.js';
import WorkerGcVolumes from './worker/gc-volumes.js';
import WorkerLoop from './worker/loop.js';
import WorkerRegister from './worker/register.js';
import WorkerRunOne from './worker/run-one.js';
import WorkerStatus from './worker/status.js';
import WorkerUnregister from './worker/unregister.js';
import WorkerUpload from './worker/upload.js';

export { execute } from '@oclif/core';

export const COMMANDS: Record<string, Command.Class> = {
  autocomplete: Autocomplete,
  'autocomplete:script': AutocompleteScript,
  'check-test-grepping': CheckTestGrepping,
  doctor: Doctor,
  explain: Explain,
  help: Help,
  init: Init,
  list: List,
  prune: Prune,
  reproduce: Reproduce,
  'rundef:create': RundefCreate,
  'rundef:get': RundefGet,
  schema: Schema,
  simulate: Simulate,
  validate: Validate,
  version: Version,
  'worker:check': WorkerCheck,
  'worker:cronwrap': WorkerCronwrap,
  'worker:gc-volumes': WorkerGcVolumes,
  'worker:loop': WorkerLoop,
  'worker:register': WorkerRegister,
  'worker:run-one': WorkerRunOne,
  'worker:status': WorkerStatus,
  'worker:unregister': WorkerUnregister,
  'worker:upload': WorkerUpload,
};

export const onInit: Interfaces.Hook.Init = async () => surviveBrokenPipes();

/** oclif's own answer to an unknown command, with the exit status for wrong usage instead of 127. */
export const onCommandNotFound: Interfaces.Hook.CommandNotFound = async function (options) {
  try {
    return await notFound.call(this, options);
  } catch (error) {
    if (error instanceof Error && 'oclif' in error) error.oclif = { exit: EXIT.usage };
    throw error;
  }
};
