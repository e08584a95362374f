/** The server of a worker: the client's verbs, for one worker's settings. */
import { HttpClient } from '../server/http.js';
import { ServerFailure } from '../server/server-failure.js';
import * as verbs from '../server/workers.js';
import type { WorkerLog } from './log.js';
import type { WorkerSettings } from './settings.js';

/** Each call throws a `ServerFailure`, or the signal's reason; see `server/workers.ts`. */
export interface WorkerServer {
  /** Makes the worker known, or, with a JWT, which names it already, says what it is like. */
  register(properties: verbs.WorkerProperties): Promise<void>;
  update(properties: verbs.WorkerProperties, signal?: AbortSignal): Promise<void>;
  unregister(): Promise<void>;
  checkIn(load: verbs.CheckIn): Promise<verbs.CheckedIn>;
  sendEvent(event: verbs.WorkerEvent): Promise<void>;
  sendLogs(log: Uint8Array): Promise<void>;
  deadVolumes(directories: readonly string[]): Promise<string[]>;
  /** For calls of a run. */
  readonly http: HttpClient;
  close(): Promise<void>;
}

/** What of the settings says who asks whom. */
type Identity = Pick<WorkerSettings, 'serverUrl' | 'hostname' | 'apiKey' | 'jwt'>;

export function workerServer(settings: Identity, log?: Pick<WorkerLog, 'warning'>): WorkerServer {
  const { serverUrl, hostname: name, jwt, apiKey } = settings;
  const worker = { serverUrl, name, authorization: jwt === undefined ? `Token ${apiKey}` : `Bearer ${jwt}` };
  const http = new HttpClient({
    onRetry: (failure, waitMs) => log?.warning(failure.message, { again_in_s: waitMs / 1000 }),
  });
  const said = <T>(call: Promise<T>) => call.catch((error: unknown) => refused(error, settings));
  return {
    http,
    register: (properties) =>
      jwt === undefined ? verbs.register(http, worker, properties) : said(verbs.update(http, worker, properties)),
    update: (properties, signal) => said(verbs.update(http, worker, properties, signal)),
    unregister: () => said(verbs.unregister(http, worker)),
    checkIn: (load) => said(verbs.checkIn(http, worker, load)),
    sendEvent: (event) => said(verbs.sendEvent(http, worker, event)),
    sendLogs: (bytes) => said(verbs.sendLogs(http, worker, bytes)),
    deadVolumes: (directories) => said(verbs.deadVolumes(http, worker, directories)),
    close: () => http.close(),
  };
}

/** What a worker can do about it is not what a reader of runs can. */
function refused(error: unknown, { serverUrl, hostname, jwt }: Identity): never {
  const { kind, status, said } = error instanceof ServerFailure ? error : {};
  const answer = `(${status}${said === undefined ? '' : `: ${said}`})`;
  if (kind === 'not-found') {
    throw new ServerFailure(
      kind,
      `${serverUrl} has no worker ${hostname} ${answer}: it was unregistered, or never known there. Register one in a new folder; a server may not give a name twice.`,
      { cause: error },
    );
  }
  if (kind === 'unauthorized') {
    if (jwt !== undefined && status === 403) {
      throw new ServerFailure(
        kind,
        `${serverUrl} does not let the JWT of the worker ${hostname} do this ${answer}: it may not allow all host_tags of settings.conf. Take the others out of host_tags, or get a JWT that allows them.`,
        { cause: error },
      );
    }
    const [what, remedy] = jwt === undefined ? ['key', 'Enlist the worker there'] : ['JWT', 'Get a new one'];
    throw new ServerFailure(
      kind,
      `${serverUrl} does not accept the ${what} of the worker ${hostname} ${answer}. ${remedy}, or register another worker in a new folder.`,
      { cause: error },
    );
  }
  throw error;
}
