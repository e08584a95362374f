/** What several runs of a plan have in common, and is made ready or asked for once. */
import type { StringMap, TriggerType } from '../../schema/model.js';
import type { Checkout, SourceChoice } from '../inputs/checkout.js';
import { type ForgeRequest, forgeParams, namesRequest } from '../inputs/forge-params.js';

export interface SourcesRequest {
  /** The pull or merge request that the runs are of. */
  forge?: ForgeRequest | undefined;
  /** Makes a source ready; called once for each choice that is needed. */
  checkout(choice: SourceChoice, folder: string): Promise<Checkout>;
  signal: AbortSignal;
}

/** Each source is made ready once, whatever the number of runs. */
export class Checkouts {
  readonly #request: SourcesRequest;
  readonly #ready = new Map<string, Promise<Checkout>>();

  constructor(request: SourcesRequest) {
    this.#request = request;
  }

  get(choice: SourceChoice, folder: string): Promise<Checkout> {
    const key = `${choice} ${folder}`;
    const known = this.#ready.get(key) ?? this.#request.checkout(choice, folder);
    this.#ready.set(key, known);
    return known;
  }
}

/** What a pull or merge request says is asked once, whatever the number of runs. */
export class Requests {
  readonly #request: SourcesRequest;
  readonly #asked = new Map<TriggerType, Promise<StringMap>>();

  constructor(request: SourcesRequest) {
    this.#request = request;
  }

  /** @param local of a run that gets the working tree: then nobody is asked */
  async get(type: TriggerType, secrets: StringMap, local: Checkout | undefined): Promise<StringMap | undefined> {
    const { forge, signal } = this.#request;
    if (forge === undefined || !namesRequest(forge, type)) return undefined;
    const tree = local && { sha: local.sha };
    const known = this.#asked.get(type) ?? forgeParams(forge, type, secrets, tree, signal);
    this.#asked.set(type, known);
    return known;
  }
}
