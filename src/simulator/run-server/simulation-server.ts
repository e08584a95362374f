/** The run's server of one simulation: which runs need it, and what they find of it. */
import type { HostAddress } from '../../docker/index.js';
import type { RunDefinition, StringMap } from '../../schema/index.js';
import { NOWHERE } from '../inputs/trigger-params.js';
import type { PlannedRun } from '../plan/planned-run.js';
import { RunAccess, ScriptServer } from './run-server.js';
import { runPath } from './served-run.js';

/** A run as its script finds it. */
export interface TalkingRun {
  /** Its addresses and its key are those of the server. */
  rundef: RunDefinition;
  /** Of the values that were made up, those that the server does not make good. */
  madeUp: StringMap;
  /** The host of the server in `.netrc`: clients compare it without the port. */
  machine: string;
  /** Requests that a live server might have answered, and this one could not. */
  misses: ReadonlySet<string>;
}

export class SimulationServer {
  readonly #engine: { hostAddress(): Promise<HostAddress | undefined> };
  #starting: Promise<ScriptServer | undefined> | undefined;

  constructor(engine: { hostAddress(): Promise<HostAddress | undefined> }) {
    this.#engine = engine;
  }

  /**
   * Starts the server with the first run that may need it.
   *
   * @returns undefined for a run that does not need it, and where containers cannot reach this machine
   */
  async serve(planned: PlannedRun): Promise<TalkingRun | undefined> {
    if (!mayAsk(planned)) return undefined;
    this.#starting ??= this.#start();
    const server = await this.#starting;
    if (server === undefined) return undefined;
    const { served, build, rundef, startedBy, upstream } = planned;
    const access = new RunAccess(served, build);
    server.add(access);
    const here = (url: string, path: string | undefined) =>
      url.startsWith(NOWHERE) ? server.origin + url.slice(NOWHERE.length) : path && server.origin + path;
    const url = here(rundef.run_url, runPath(served)) ?? rundef.run_url;
    const isThere = upstream !== undefined || startedBy !== undefined;
    const trigger = isThere ? here(rundef.env['H_TRIGGER_URL'] ?? '', upstream) : undefined;
    const { H_RUN_URL: _url, '.netrc': _netrc, H_TRIGGER_URL: triggerMadeUp, ...madeUp } = planned.madeUp;
    if (triggerMadeUp !== undefined && trigger === undefined) madeUp['H_TRIGGER_URL'] = triggerMadeUp;
    const env: StringMap = Object.assign(Object.create(null), rundef.env, { H_RUN_URL: url });
    if (trigger !== undefined) env['H_TRIGGER_URL'] = trigger;
    return {
      rundef: { ...rundef, run_url: url, api_key: access.key, env },
      madeUp,
      machine: server.machine,
      misses: access.misses,
    };
  }

  /** Nobody may be able to listen there: then the run has the addresses that it was planned with. */
  async #start(): Promise<ScriptServer | undefined> {
    try {
      const address = await this.#engine.hostAddress();
      if (address === undefined) return undefined;
      const server = new ScriptServer();
      await server.start(address);
      return server;
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    await (await this.#starting)?.stop();
  }
}

/** Words of a script that talks to the server; `curl -n` reads `.netrc`. */
const TALKS = /\bH_(?:RUN|TRIGGER)_URL\b|netrc|\bcurl\b.*\s-[A-Za-z]*n/;

/** A run that has the key of a real server keeps it. What a script-repo does cannot be seen beforehand. */
function mayAsk({ rundef, madeUp, upstream }: PlannedRun): boolean {
  if (!Object.hasOwn(madeUp, '.netrc') && upstream === undefined) return false;
  const triggered = upstream !== undefined || rundef.env['H_TRIGGER_URL']?.startsWith(NOWHERE) === true;
  return triggered || rundef.script === undefined || TALKS.test(rundef.script);
}
