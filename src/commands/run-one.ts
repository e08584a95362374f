/**
 * `worker run-one FOLDER`, which `worker check` and `loop` start for each run: a program of its own
 * (`dist/run-one.cjs`), because a worker has one such process for each run, for hours. Without the command line's
 * library and the linter it needs a third less memory and starts in half the time.
 */
import { parseArgs } from 'node:util';
import { watchStandardStreams } from '../terminal/index.js';
import { executeRunProcess, workerLog } from '../worker/index.js';

export async function execute(): Promise<void> {
  watchStandardStreams();
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      'log-format': { type: 'string' },
      'after-reboot': { type: 'boolean', default: false },
      'give-up': { type: 'boolean', default: false },
    },
  });
  const log = workerLog({ format: values['log-format'] === 'json' ? 'json' : 'text', level: 'info' });
  const [, , folder = ''] = positionals;
  const why = { afterReboot: values['after-reboot'], givenUp: values['give-up'] };
  await executeRunProcess(folder, why, log).catch((error: Error) => {
    log.error(`The process of a run failed: ${error.message}`, { folder, error: error.stack });
    process.exitCode = 1;
  });
}
