/** One request and its answer, over node:http. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpAnswer, Refusal, serverError } from '../../../src/simulator/index.js';
import type { Asked } from './asked.js';
import type { Exchange } from './faults.js';

export class HttpExchange implements Exchange {
  readonly asked: Asked;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #handle: () => HttpAnswer;
  readonly #released: Promise<void>;
  #arrived = false;

  constructor(
    asked: Asked,
    request: IncomingMessage,
    response: ServerResponse,
    handle: () => HttpAnswer,
    released: Promise<void>,
  ) {
    this.asked = asked;
    this.#request = request;
    this.#response = response;
    this.#handle = handle;
    this.#released = released;
  }

  /** @throws when the client goes before all of it has come */
  async read(pace?: (bytes: number) => Promise<void>): Promise<void> {
    if (this.#arrived) return;
    const chunks: Buffer[] = [];
    for await (const chunk of this.#request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      await pace?.(chunk.length);
    }
    this.asked.body = Buffer.concat(chunks);
    this.#arrived = true;
  }

  store(): HttpAnswer {
    try {
      return this.#handle();
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      return serverError(String(error));
    }
  }

  send({ status, headers, body }: HttpAnswer): void {
    if (this.#response.destroyed) return;
    this.#response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
  }

  sendHalf({ status, headers, body }: HttpAnswer): void {
    const bytes = Buffer.from(body);
    this.#response.writeHead(status, { ...headers, 'content-length': bytes.length });
    this.#response.write(bytes.subarray(0, bytes.length / 2), () => this.cut());
  }

  cut(): void {
    this.#request.socket.resetAndDestroy();
  }

  async held(): Promise<void> {
    if (this.#response.destroyed) return;
    await Promise.race([this.#released, once(this.#response, 'close')]);
  }
}
