/** What a call to a server can end with, other than an answer. */
import { RunFailure } from '../executor/ports.js';

export type ServerFailureKind =
  /** No connection: refused, no such host, no route. */
  | 'unreachable'
  /** Nothing came in time, or the connection broke off. */
  | 'interrupted'
  /** A certificate that is not trusted, or no TLS where it was wanted. */
  | 'tls'
  /** Something answered that is no JobServ: a proxy's page, another program. */
  | 'no-jobserv'
  /** Credentials are wanted, or are not enough: 401, 403, a redirect to a login page. */
  | 'unauthorized'
  /** 401 of a run that is complete: there is nothing more to send. */
  | 'completed'
  | 'not-found'
  /** 413. */
  | 'too-large'
  /** 408, 425, 429, and 503 with Retry-After: come again later. */
  | 'busy'
  /** Another 5xx. */
  | 'server-error'
  /** Another 4xx: the request itself is not accepted. */
  | 'rejected'
  /** A redirect that is not followed. */
  | 'redirected';

/** Kinds that are the user's to mend (a wrong address, a refused request), not the environment's. */
const USERS: ReadonlySet<ServerFailureKind> = new Set(['not-found', 'rejected', 'completed', 'too-large']);

/** Kinds that may be gone at the next try. */
const PASSING: ReadonlySet<ServerFailureKind> = new Set(['unreachable', 'interrupted', 'busy', 'server-error']);

export interface ServerFailureDetails {
  /** The HTTP status, where there was an answer. */
  status?: number;
  /**
   * Whether the server may have acted on the request all the same: false when it surely has
   * not (no connection came about, or a 4xx), true when its answer was lost or is a 5xx.
   */
  maybeDelivered?: boolean;
  /** From Retry-After, milliseconds. */
  retryAfterMs?: number;
  /** Whether the next try within seconds would end alike: a proxy's rule refused the way. */
  lasting?: boolean;
  /** Whether a proxy of the environment is what failed, and not the server. */
  proxy?: boolean;
  /** The server's own words, one line, without credentials. */
  said?: string;
  cause?: unknown;
}

/**
 * A call that had no good end. The message is one paragraph for a person: what could not be
 * done, why, what to do. `environment` is 'server' (exit status 3) but for `not-found`,
 * `rejected`, `completed` and `too-large`, where the server was there and said no.
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

  /** Whether the same call may go well later. Of one that `maybeDelivered`, the server may then have two. */
  get passing(): boolean {
    return PASSING.has(this.kind);
  }
}
