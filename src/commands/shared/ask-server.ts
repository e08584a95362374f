/** `validate --server`: what a live server says of a definition. */
import { jsonTextOf, type LoadedYaml } from '../../python/yaml/load.js';
import { validateDefinition } from '../../server/run.js';
import { type AccessRequest, openServers, type ServerAccess } from '../../simulator/inputs/server-access.js';
import type { ServerWord } from '../../terminal/validation-report.js';

/** One server, asked about any number of definitions. To be closed. */
export class AskedServer {
  readonly #address: string;
  readonly #access: ServerAccess;

  private constructor(address: string, access: ServerAccess) {
    this.#address = address;
    this.#access = access;
  }

  /** @throws UsageError for what is no address, or a token that cannot be sent */
  static async open(address: string, request: AccessRequest): Promise<AskedServer> {
    return new AskedServer(address.replace(/\/+$/, ''), await openServers([address], request));
  }

  /**
   * Its verdict; undefined where the text makes no JSON, so that there is nothing to post.
   *
   * @throws ServerFailure when it gives none
   */
  async ask(document: LoadedYaml): Promise<ServerWord | undefined> {
    const json = jsonTextOf(document);
    if (json === undefined) return undefined;
    const verdict = await validateDefinition(this.#access.http, this.#address, json);
    return { server: this.#address, ...verdict };
  }

  async close(): Promise<void> {
    await this.#access.http.close();
  }
}
