/** A container whose mounts are copies, because its engine does not see this machine's files. */
import type { ConsoleSink, Container, ContainerExit, StreamPosition } from '../executor/index.js';

export interface Copies {
  /** Copies back what the script may have changed. */
  fetch(): Promise<void>;
  /** Removes the volumes that no later container needs. */
  release(): Promise<void>;
}

/** A container that has copies: they are back when `wait` resolves, and when `dispose` does. */
export class CopiedContainer implements Container {
  readonly #container: Container;
  readonly #copies: Copies;
  #fetched: Promise<void> | undefined;
  #started = false;

  constructor(container: Container, copies: Copies) {
    this.#container = container;
    this.#copies = copies;
  }

  get id(): string {
    return this.#container.id;
  }

  async start(sink: ConsoleSink, from?: StreamPosition): Promise<void> {
    await this.#container.start(sink, from);
    this.#started = true;
  }

  async wait(): Promise<ContainerExit> {
    const exit = await this.#container.wait();
    await this.#fetch();
    return exit;
  }

  kill(): Promise<void> {
    return this.#container.kill();
  }

  exec(argv: string[], timeoutMs: number): Promise<Buffer> {
    return this.#container.exec(argv, timeoutMs);
  }

  async dispose(): Promise<void> {
    // A script that was stopped has left something too. Why it could not be fetched is what `wait` throws.
    if (this.#started) await this.#fetch().catch(() => {});
    await this.#container.dispose();
    await this.#copies.release();
  }

  #fetch(): Promise<void> {
    this.#fetched ??= this.#copies.fetch();
    return this.#fetched;
  }
}
