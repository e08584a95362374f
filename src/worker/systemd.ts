/**
 * Reports to systemd, in a unit of `Type=notify`: the worker has started, it is alive, what it is doing. Node cannot send
 * datagrams to a UNIX socket, so `systemd-notify`, which comes with systemd, does it.
 */
import { childEnvironment, findProgram, hideFromPrograms, runProcess } from '../lib/index.js';
import type { WorkerLog } from './log.js';

/** A check-in that takes longer than this hangs: every call to a server has a shorter limit. */
const STUCK_MS = 10 * 60_000;
const NOTIFY_MS = 10_000;

export interface ServiceManager {
  /** Once, when the worker has begun; from then on the watchdog is notified. */
  ready(): Promise<void>;
  /** Around each step that has to end soon. */
  step<T>(work: () => Promise<T>): Promise<T>;
  stopping(): Promise<void>;
  end(): void;
}

const NOBODY: ServiceManager = {
  ready: async () => {},
  step: (work) => work(),
  stopping: async () => {},
  end: () => {},
};

/** The manager that started this process; one that ignores everything outside of systemd. */
export function serviceManager(log: WorkerLog, env: NodeJS.ProcessEnv = process.env, stuck = STUCK_MS): ServiceManager {
  const socket = env['NOTIFY_SOCKET'];
  if (!socket) return NOBODY;
  // Programs that the worker starts have nothing to report here.
  hideFromPrograms(['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']);
  const program = findProgram('systemd-notify');
  if (program === undefined) {
    log.error(
      'systemd-notify is not on PATH, so systemd does not learn that the worker has started. Install it, or use Type=exec in the unit',
    );
    return NOBODY;
  }
  const notify = async (...words: string[]) => {
    const options = { env: { ...childEnvironment(), NOTIFY_SOCKET: socket }, timeoutMs: NOTIFY_MS };
    const failure = await runProcess([program, ...words], options).then(
      (result) => result.failure,
      ({ message }: Error) => message,
    );
    if (failure !== undefined) log.warning(`systemd was not reached: ${failure}`);
  };
  const watchdog = watchdogMs(env);
  let begun: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    ready: async () => {
      await notify('READY=1', 'STATUS=The worker has started');
      if (watchdog === undefined) return;
      timer = setInterval(() => {
        if (begun === undefined || performance.now() - begun < stuck) void notify('WATCHDOG=1');
      }, watchdog / 3);
    },
    step: async (work) => {
      begun = performance.now();
      try {
        return await work();
      } finally {
        begun = undefined;
      }
    },
    stopping: () => notify('STOPPING=1', 'STATUS=Waiting for the runs in progress'),
    end: () => clearInterval(timer),
  };
}

/** How long systemd waits between two signs, ms; undefined when it waits for none of this process. */
function watchdogMs(env: NodeJS.ProcessEnv): number | undefined {
  const [microseconds, pid] = [Number(env['WATCHDOG_USEC']), env['WATCHDOG_PID']];
  const isOurs = !pid || Number(pid) === process.pid;
  return isOurs && Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 1000 : undefined;
}
