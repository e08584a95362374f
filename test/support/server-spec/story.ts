/** Tables of requests with what a JobServ server answers, and how they are played. */
import { request } from 'undici';
import { expect } from 'vitest';
import type { RunParts, Target } from './target.js';

/** What of an answer is specified: addresses, times, keys and texts for people are replaced by their kind. */
export interface Spec {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface Sending {
  /** As the run's worker: `Token <api_key>`. */
  as?: 'run' | 'worker' | 'none' | string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Sent as JSON, with its type. */
  json?: unknown;
}

export type Row = readonly [ask: string, gives: Spec, sending?: Sending] | ((stage: Stage) => Promise<void>);

const SPECIFIED = ['content-type', 'x-run-status', 'x-jobserv-cancel', 'location', 'cache-control'];
export const JSON_TYPE = { 'content-type': 'application/json' };
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' };
const FILE = { 'cache-control': 'no-cache' };

export const good = (data: unknown, status = 200): Spec => ({
  status,
  headers: JSON_TYPE,
  body: { status: 'success', data },
});
/** `{status: 'error', message}`. */
export const refused = (status: number): Spec => ({
  status,
  headers: JSON_TYPE,
  body: { status: 'error', message: '<text>' },
});
/** `{status: 'error', data: {message}}`. */
export const refusedData = (status: number): Spec => ({
  status,
  headers: JSON_TYPE,
  body: { status: 'error', data: { message: '<text>' } },
});
export const unforeseen: Spec = {
  status: 500,
  headers: JSON_TYPE,
  body: { status: 'error', data: { message: '<text>', error_msg: '<text>' } },
};
/** Flask's own words. */
export const spoken = (status: number, headers: Record<string, string> = {}): Spec => ({
  status,
  headers: { ...HTML_TYPE, ...headers },
  body: '<text>',
});
export const elsewhere = (location: string): Spec => spoken(308, { location });
export const file = (body: string, runStatus?: string, type = 'text/plain; charset=utf-8'): Spec => ({
  status: 200,
  headers: { 'content-type': type, ...FILE, ...(runStatus ? { 'x-run-status': runStatus } : {}) },
  body,
});

/** Where a story plays: one run, and a worker with the tag of it. */
export class Stage {
  readonly target: Target;
  readonly worker: string;
  /** `Bearer <jwt>`. */
  readonly bearer: string;
  run = '';
  key = '';
  /** Signed addresses by name. */
  signed: Record<string, { url: string; 'content-type': string }> = {};

  constructor(target: Target, worker: string) {
    this.target = target;
    this.worker = worker;
    this.bearer = `Bearer ${target.jwt(worker)}`;
  }

  /** A run, queued. */
  async queue(parts: RunParts = {}): Promise<void> {
    this.run = await this.target.queue({ secrets: { word: 'sesame' }, ...parts });
  }

  /** A run that the worker was given, which is how its key gets known. */
  async start(parts: RunParts = {}): Promise<void> {
    await this.queue(parts);
    await this.ask('PATCH {worker}', { as: 'worker', json: { host_tags: this.target.tag } });
    const { body } = await this.ask('GET {worker}?available_runners=1&disk_free=99999999999', { as: 'worker' });
    const [rundef = '{}'] =
      (JSON.parse(body) as { data: { worker: { 'run-defs'?: string[] } } }).data.worker['run-defs'] ?? [];
    this.key = (JSON.parse(rundef) as { api_key?: string }).api_key ?? '';
    expect(this.key, 'the run was given out').not.toBe('');
  }

  /** Leaves nothing that a server would wait for. */
  async leave(): Promise<void> {
    if (this.key !== '') await this.ask('POST {run}', { as: 'run', headers: { 'x-run-status': 'FAILED' } });
    else if (this.run !== '') await this.target.cancel(this.run);
    await this.ask('DELETE {worker}', { as: 'worker' });
  }

  async play(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      if (typeof row === 'function') {
        await row(this);
        continue;
      }
      const [ask, gives, sending] = row;
      const answer = await this.ask(ask, sending);
      expect.soft(this.#specified(answer), `${ask} ${JSON.stringify(sending ?? {})}`).toEqual(gives);
    }
  }

  /** `{run}`, `{build}`, `{project}`, `{worker}` and `{signed:<name>}` stand for addresses; a path is the server's. */
  async ask(ask: string, { as = 'none', headers = {}, body, json }: Sending = {}) {
    const [method = '', place = ''] = ask.split(/ (.*)/s);
    const authorization =
      { run: `Token ${this.key}`, worker: this.bearer, none: undefined }[as] ?? (as === 'none' ? undefined : as);
    const answer = await request(this.#address(place), {
      method: method as 'GET',
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(json === undefined ? {} : JSON_TYPE),
        ...headers,
      },
      body: json === undefined ? (body ?? null) : JSON.stringify(json),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  #address(place: string): string {
    const { run, worker } = this;
    const { url, project } = this.target;
    const whole = place
      .replace('{run}', run)
      .replace('{build}', run.replace(/runs\/.*/, ''))
      .replace('{project}', `${url}/projects/${project}/`)
      .replace('{worker}', `${url}/workers/${worker}/`)
      .replace(/\{signed:(.*?)\}/, (_all, name: string) => this.signed[name]?.url ?? '');
    return whole.startsWith('/') ? `${url}${whole}` : whole;
  }

  #specified({ status, headers, body }: Awaited<ReturnType<Stage['ask']>>): Spec {
    const picked = SPECIFIED.flatMap((name) =>
      headers[name] === undefined ? [] : [[name, this.#plain(String(headers[name]))]],
    );
    const type = String(headers['content-type']);
    // What a reader is told while nobody has the run is a text for people too.
    const forPeople = status >= 300 || headers['x-run-status'] === 'QUEUED';
    return {
      status,
      headers: Object.fromEntries(picked) as Record<string, string>,
      body: this.#body(forPeople, status, type, body),
    };
  }

  #body(forPeople: boolean, status: number, type: string, body: string): unknown {
    if (type === 'application/json') {
      const value: unknown = JSON.parse(body, (name, one: unknown) => this.#field(name, one));
      return status < 400 ? value : withoutTexts(value as object);
    }
    return forPeople && body !== '' ? '<text>' : this.#plain(body);
  }

  #field(name: string, value: unknown): unknown {
    if (typeof value !== 'string') return value;
    if (name === 'api_key') return value === this.key ? '<key>' : 'another key';
    if (name === 'H_BUILD') return '<number>';
    return name === 'version' ? '<version>' : this.#plain(value);
  }

  #plain(text: string): string {
    const { url, project, tag } = this.target;
    const build = this.run.replace(/runs\/.*/, '');
    const named = this.run ? text.replaceAll(this.run, '<run>').replaceAll(build, '<build>') : text;
    return named
      .replaceAll(this.worker, '<worker>')
      .replaceAll(url, '<server>')
      .replaceAll(project, '<project>')
      .replaceAll(tag, '<tag>')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00/g, '<time>')
      .replaceAll(/local-storage\/[0-9a-f]{40}\//g, 'local-storage/<signature>/')
      .replaceAll(/(<signature>\/<project>\/builds\/)\d+/g, '$1<number>');
  }
}

/** Texts for people are each server's own. */
function withoutTexts(envelope: object): unknown {
  return JSON.parse(JSON.stringify(envelope), (name, value: unknown) =>
    ['message', 'error_msg'].includes(name) && typeof value === 'string' ? '<text>' : value,
  );
}
