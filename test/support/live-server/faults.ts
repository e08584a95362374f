/**
 * What goes wrong between a client and the live server, as a test says (QUALITY rows 1–10).
 * Nothing here waits for a clock, but the reader that is slow by the second.
 */

import type { HttpAnswer } from '../../../src/simulator/index.js';
import type { Asked, Endpoint } from './asked.js';

/** The parts of one request's handling, for a fault to use, leave out or delay. */
export interface Exchange {
  readonly asked: Asked;
  /** Reads the body, and keeps it: idempotent. @param pace is awaited after every piece, with its bytes */
  read(pace?: (bytes: number) => Promise<void>): Promise<void>;
  /** Does what was asked, and answers what the server would say; once only. */
  store(): HttpAnswer;
  send(answer: HttpAnswer): void;
  /** Resets the connection. */
  cut(): void;
  /** Sends the status, the headers and half of the body, then resets the connection. */
  sendHalf(answer: HttpAnswer): void;
  /** Resolves when the fault is released, the client gives up, or the server stops. */
  held(): Promise<void>;
}

/**
 * - `refuse`: reset at once, nothing read.
 * - `cut-unread`: reset when the head has arrived and the body, if any, has begun.
 * - `cut-before-storing`: reset when the whole body has arrived; it is not stored.
 * - `cut-after-storing`: stored, then reset: the answer is lost.
 * - `cut-answer`: stored; the answer breaks off half way.
 * - `stall-before-storing`: the body has arrived; stored and answered when released, or stored when the client gives up.
 * - `stall-after-storing`: stored at once; answered when released.
 * - `black-hole`: nothing is read or answered; when released, the connection is reset.
 */
export type FaultName = keyof typeof NAMED;

export type FaultKind =
  | FaultName
  /** An answer that is not the server's, as of a proxy; `stored` when the server did what was asked nevertheless. */
  | { status: number; headers?: Record<string, string>; body?: string; stored?: boolean }
  /** 413 for a longer body, bytes. */
  | { largest: number }
  /** The body is taken this fast; a test may pass a pace of its own instead of a clock. */
  | { bytesPerSecond: number }
  | { pace: (bytes: number) => Promise<void> };

/** An endpoint, `any`, or a look at the head of the request: its body is not there yet. */
export type Match = Endpoint | 'any' | ((asked: Asked) => boolean);

/** The post that ends a run. */
export const finalStatus = ({ endpoint, headers }: Asked): boolean =>
  endpoint === 'console' && ['PASSED', 'FAILED'].includes(String(headers['x-run-status']));

export function fits(match: Match, asked: Asked): boolean {
  return typeof match === 'function' ? match(asked) : match === 'any' || match === asked.endpoint;
}

type Act = (exchange: Exchange) => Promise<void> | void;

const NAMED = {
  refuse: (exchange) => exchange.cut(),
  'cut-unread': async (exchange) => {
    await new Promise((resolve) => setImmediate(resolve));
    exchange.cut();
  },
  'cut-before-storing': async (exchange) => {
    await exchange.read();
    exchange.cut();
  },
  'cut-after-storing': async (exchange) => {
    await exchange.read();
    exchange.store();
    exchange.cut();
  },
  'cut-answer': async (exchange) => {
    await exchange.read();
    exchange.sendHalf(exchange.store());
  },
  'stall-before-storing': async (exchange) => {
    await exchange.read();
    await exchange.held();
    exchange.send(exchange.store());
  },
  'stall-after-storing': async (exchange) => {
    await exchange.read();
    const answer = exchange.store();
    await exchange.held();
    exchange.send(answer);
  },
  'black-hole': async (exchange) => {
    await exchange.held();
    exchange.cut();
  },
} as const satisfies Record<string, Act>;

/** What a kind does to a request. */
export function actOf(kind: FaultKind): Act {
  if (typeof kind === 'string') return NAMED[kind];
  if ('status' in kind) return (exchange) => answered(exchange, kind);
  if ('largest' in kind) return (exchange) => limited(exchange, kind.largest);
  const pace = 'pace' in kind ? kind.pace : paceOf(kind.bytesPerSecond);
  return async (exchange) => {
    await exchange.read(pace);
    exchange.send(exchange.store());
  };
}

async function answered(exchange: Exchange, kind: Extract<FaultKind, { status: number }>): Promise<void> {
  await exchange.read();
  if (kind.stored) exchange.store();
  exchange.send({ status: kind.status, headers: kind.headers ?? {}, body: kind.body ?? '' });
}

async function limited(exchange: Exchange, largest: number): Promise<void> {
  await exchange.read();
  const tooLarge = exchange.asked.body.length > largest;
  exchange.send(tooLarge ? { status: 413, headers: {}, body: '' } : exchange.store());
}

function paceOf(bytesPerSecond: number): (bytes: number) => Promise<void> {
  return (bytes) => new Promise((resolve) => setTimeout(resolve, (bytes / bytesPerSecond) * 1000));
}
