/** Signed uploads (SPEC 5): the addresses, and what is put there. The limit of 75 names is the client's. */
import { createHmac, randomBytes } from 'node:crypto';
import {
  contentType,
  frameworkText,
  type HttpAnswer,
  notFound,
  Refusal,
  serverError,
  success,
} from '../../../src/simulator/index.js';
import { type Asked, header, jsonOf } from './asked.js';
import type { LiveRun } from './live-run.js';
import { authenticate, runOf } from './run-endpoints.js';
import type { Store } from './store.js';

export class Uploads {
  #key = randomBytes(16);

  /** Addresses that were handed out before are refused from now on. */
  expire(): void {
    this.#key = randomBytes(16);
  }

  createSigned(store: Store, asked: Asked): HttpAnswer {
    const run = runOf(store, asked);
    authenticate(run, asked);
    const given = jsonOf(asked) ?? [];
    if (header(asked, 'x-url-expiration') !== undefined) throw new Refusal(serverError('expiration'));
    const names = Array.isArray(given) ? given.map(String) : Object.keys(given as object);
    const urls = names.map((name) => {
      const type = contentType(name);
      const path = `${run.project}/builds/${run.build}/runs/${run.name}/${name}`;
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const url = `${asked.origin}/local-storage/${this.#sign(run, name, type)}/${encoded}`;
      return [name, { url, 'content-type': type }];
    });
    return success({ urls: Object.fromEntries(urls) });
  }

  /** Signed is the type too, the empty one as well: without the header it is another. A complete run takes files still. */
  put(store: Store, asked: Asked): HttpAnswer {
    const [signature = '', project = '', build = '', runName = '', name = ''] = asked.names;
    const run = store.find(project, Number(build), runName);
    if (run === undefined) throw new Refusal(notFound());
    if (signature !== this.#sign(run, name, asked.headers['content-type'])) return frameworkText(401, 'bad signature');
    run.artifacts.set(name, asked.body);
    run.changed();
    return frameworkText(200, 'ok');
  }

  #sign(run: LiveRun, name: string, type: string | undefined): string {
    return createHmac('sha1', this.#key)
      .update(JSON.stringify([run.url, name, type ?? null]))
      .digest('hex');
  }
}
