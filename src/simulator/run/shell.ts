/** `--shell` (SPEC 7): after a run, a shell in a container like the run's, while its secrets are still there. */
import type { DockerEngine, Terminal } from '../../docker/index.js';
import { type ContainerSpec, RunFailure } from '../../executor/index.js';
import { plainLine, shellCommand } from '../../lib/index.js';

export const SHELL_WISHES = ['on-failure', 'always'] as const;
export type ShellWish = (typeof SHELL_WISHES)[number];

export interface ShellRequest {
  when: ShellWish;
  /** Hands the user's terminal over while the work goes on. */
  withTerminal<T>(work: (terminal: Terminal) => Promise<T>): Promise<T>;
  tell(message: string): void;
}

/** Bash where the image has it. */
const SHELL = ['-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'];

/**
 * Opens the shell where it is wanted, and resolves when it has been left. The run's verdict stands, whatever is done
 * in it: what keeps a shell from being opened is reported, and fails nothing.
 *
 * @param run.spec its own container; undefined when it ended before there was one
 */
export async function openShell(
  request: ShellRequest | undefined,
  engine: Pick<DockerEngine, 'interact' | 'takeOwnership'>,
  run: { label: string; failed: boolean; spec: ContainerSpec | undefined; archive: string },
  signal: AbortSignal,
): Promise<void> {
  if (request === undefined || signal.aborted || (request.when === 'on-failure' && !run.failed)) return;
  const { spec } = run;
  const label = plainLine(run.label);
  const { tell } = request;
  if (spec === undefined) {
    tell(`There is no shell: ${label} ended before it had a container.`);
    return;
  }
  const kept = spec.mounts.filter(({ readOnly }) => !readOnly).map(({ target }) => target);
  tell(
    `A shell in a fresh container like that of ${label}. What the script left is in ${plainLine(kept.join(', '))}; everything else is as in ${plainLine(spec.image)}.\n` +
      `  the script once more: ${plainLine(commandLine(spec))}\n` +
      '  back to the summary:  exit',
  );
  const container = { ...spec, entrypoint: '/bin/sh', command: SHELL };
  try {
    await request.withTerminal((terminal) => engine.interact(container, terminal, signal));
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    tell(`The shell in ${plainLine(spec.image)} could not be opened; the image needs /bin/sh for it. ${error.message}`);
  }
  await engine.takeOwnership(run.archive, spec.image);
}

/** How the script is started by hand; the entrypoint of an image is not known here, and rarely matters. */
function commandLine({ entrypoint, command }: ContainerSpec): string {
  return shellCommand([...(entrypoint ? [entrypoint] : []), ...command]);
}
