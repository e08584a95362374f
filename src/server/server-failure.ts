/** The failure of a call to a server. */
import { RunFailure } from '../executor/index.js';
import { withoutSecrets } from './address.js';
import type { Call } from './call.js';

export type ServerFailureKind =
  /** No connection: refused, no such host, no route. */
  | 'unreachable'
  /** No complete answer in time, or the connection broke. */
  | 'interrupted'
  /** An untrusted certificate, or no TLS where it was expected. */
  | 'tls'
  /** The answer is not from JobServ: a proxy's page, another program. */
  | 'no-jobserv'
  /** Credentials are missing or not sufficient: 401, 403, a redirect to a login page. */
  | 'unauthorized'
  /** 401 for a run that is complete: it accepts nothing more. */
  | 'completed'
  | 'not-found'
  /** 413. */
  | 'too-large'
  /** 408, 425, 429, and 503 with Retry-After. */
  | 'busy'
  /** Another 5xx. */
  | 'server-error'
  /** Another 4xx: the request itself is not accepted. */
  | 'rejected'
  /** A redirect that is not followed. */
  | 'redirected';

/** Faults of the request (a wrong address, say), not of the environment. */
const USERS: ReadonlySet<ServerFailureKind> = new Set(['not-found', 'rejected', 'completed', 'too-large']);

/** Kinds that may not recur at the next try. */
const PASSING: ReadonlySet<ServerFailureKind> = new Set(['unreachable', 'interrupted', 'busy', 'server-error']);

export interface ServerFailureDetails {
  /** The HTTP status, where there was an answer. */
  status?: number;
  /**
   * Whether the server may have acted on the request: false when it surely has not (no connection, or a 4xx), true
   * when its answer was lost or is a 5xx.
   */
  maybeDelivered?: boolean;
  /** From Retry-After, milliseconds. */
  retryAfterMs?: number;
  /** Whether a try within seconds would fail alike: a proxy's rule refused the connection. */
  lasting?: boolean;
  /** Whether a proxy of the environment is what failed, and not the server. */
  proxy?: boolean;
  /** The server's own message, one line, without credentials. */
  said?: string;
  cause?: unknown;
}

/**
 * The message is one paragraph for a person: what could not be done, why, what to do. `environment` is 'server' (exit
 * status 3), except for `not-found`, `rejected`, `completed` and `too-large`, where the server works and refused.
 */
export class ServerFailure extends RunFailure {
  override name = 'ServerFailure';
  readonly kind: ServerFailureKind;
  readonly status: number | undefined;
  readonly maybeDelivered: boolean;
  readonly lasting: boolean;
  readonly proxy: boolean;
  readonly said: string | undefined;

  constructor(kind: ServerFailureKind, message: string, details: ServerFailureDetails = {}) {
    super('setup', message, {
      ...(USERS.has(kind) ? {} : { environment: 'server' as const }),
      ...(details.cause === undefined ? {} : { cause: details.cause }),
      ...(details.retryAfterMs === undefined ? {} : { retryAfterMs: details.retryAfterMs }),
    });
    this.kind = kind;
    this.status = details.status;
    this.maybeDelivered = details.maybeDelivered ?? false;
    this.lasting = details.lasting ?? false;
    this.proxy = details.proxy ?? false;
    this.said = details.said;
  }

  /** Whether the same call may succeed later. Where it `maybeDelivered`, the server may then have it twice. */
  get passing(): boolean {
    return PASSING.has(this.kind);
  }
}

/** @param why what happened; `advice`: what to do about it, one or more sentences */
export function callFailure(
  kind: ServerFailureKind,
  { what, url, shown = withoutSecrets(url) }: Pick<Call, 'what' | 'url' | 'shown'>,
  [why, advice]: readonly [why: string, advice: string],
  details?: ServerFailureDetails,
): ServerFailure {
  return new ServerFailure(kind, `Could not ${what} at ${shown}: ${why}. ${advice}`, details);
}
