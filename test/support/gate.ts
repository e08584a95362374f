/** An HTTP server before another one, which answers nothing until it is opened. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Gate {
  readonly #server: Server;
  readonly #upstream: string;
  #open = () => {};
  readonly #opened: Promise<void>;
  #knock = () => {};
  /** Somebody waits before it. */
  readonly knocked: Promise<void>;

  /** @param upstream `host:port` */
  static async start(upstream: string): Promise<Gate> {
    const gate = new Gate(upstream);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.knocked = new Promise((resolve) => {
      this.#knock = resolve;
    });
    this.#server = createServer(async (asked, answer) => {
      this.#knock();
      await this.#opened;
      const [hostname, port] = this.#upstream.split(':');
      const { method, url: path, headers } = asked;
      const onward = request({ hostname, port, method, path, headers }, (found) => {
        answer.writeHead(found.statusCode ?? 502, found.headers);
        found.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      asked.pipe(onward);
    });
  }

  /** `127.0.0.1:<port>`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets all who wait, and all who come, through. */
  open(): void {
    this.#open();
  }

  async close(): Promise<void> {
    this.open();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
