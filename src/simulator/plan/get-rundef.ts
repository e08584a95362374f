/** A server's rundef to read, keep or send: as the server gave it, with the secrets that are at hand. */
import type { StringMap } from '../../schema/model.js';
import {
  type AskSecret,
  askForSecrets,
  HIDDEN_VALUE,
  type MissingSecret,
  missingSecrets,
} from '../inputs/missing-secrets.js';
import { askForInputs } from '../inputs/rundef-inputs.js';
import { secretUserOfRundef } from '../inputs/rundef-secrets.js';
import { type AccessRequest, openServers } from '../inputs/server-access.js';
import { findRun } from './find-run.js';
import { rundefOfRun } from './server-rundef.js';

export interface GetRequest {
  access: AccessRequest;
  /** Values that take the place of those the server hides. */
  secrets: StringMap;
  /** Asks for each that is still hidden; undefined leaves them hidden. */
  ask: AskSecret | undefined;
}

export interface GottenRundef {
  address: string;
  project: string;
  run: string;
  /** Every field of the server's, in its order; only secrets are changed. */
  rundef: Record<string, unknown>;
  /** Secrets whose value is not there, and what each is for. */
  hidden: MissingSecret[];
  /** Sentences about what is not known here. */
  notes: string[];
}

/** @throws UsageError for an address that leads to no run, or a rundef that is refused; ServerFailure */
export async function getRundef(pasted: string, request: GetRequest, signal?: AbortSignal): Promise<GottenRundef> {
  const access = await openServers([pasted], request.access);
  try {
    const { address, rundef } = await findRun(pasted, access, signal);
    const file = rundefOfRun({ address, rundef });
    const own: StringMap = Object.assign(Object.create(null), file.rundef.secrets);
    const given: StringMap = Object.create(null);
    for (const name of Object.keys(own)) {
      if (Object.hasOwn(request.secrets, name)) given[name] = request.secrets[name] ?? '';
    }
    if (request.ask !== undefined) Object.assign(given, await askForInputs(file.inputs, given, request.ask));
    const user = { ...secretUserOfRundef(file, given), label: address.run };
    const { secrets } = user;
    const missing = missingSecrets([user]);
    if (request.ask !== undefined) Object.assign(secrets, await askForSecrets(missing, request.ask));
    return {
      address: address.url,
      project: file.rundef.project,
      run: address.run,
      rundef: Object.keys(secrets).length === 0 ? rundef : { ...rundef, secrets },
      hidden: missing.filter(({ name }) => (secrets[name] ?? HIDDEN_VALUE) === HIDDEN_VALUE),
      notes: file.differences.map(({ message }) => message),
    };
  } finally {
    await access.http.close();
  }
}
