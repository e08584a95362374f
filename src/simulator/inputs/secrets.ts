/** Which secrets runs need, which of them are missing, and asking for those: all at once, before anything starts. */
import { UsageError } from '../../lib/index.js';
import type { ScriptRepo, StringMap } from '../../schema/index.js';
import { secretsReadBy, unknownSecrets } from './ledger.js';
import type { RundefFile, SimulatorInput } from './rundef-file.js';

/** What a server writes instead of a value that the caller may not see. */
export const HIDDEN_VALUE = 'TODO';

/** The parts of a run that name secrets, as definition and rundef both have them. */
export interface SecretUser {
  label: string;
  containerAuth?: string | null | undefined;
  scriptRepo?: Pick<ScriptRepo, 'token'> | undefined;
  /** The script's text, unless it is in a repository. */
  script?: string | undefined;
  /** Secrets that are given, by name. */
  secrets: StringMap;
}

export interface MissingSecret {
  name: string;
  /** What it is for, after "for": `the registry of unit/build`. */
  purpose: string;
}

/** The secrets that runs cannot do without; in order, each name once. */
export function missingSecrets(users: readonly SecretUser[]): MissingSecret[] {
  const missing = new Map<string, MissingSecret>();
  const need = (name: string, purpose: string) => {
    if (!missing.has(name)) missing.set(name, { name, purpose });
  };
  for (const { label, containerAuth, scriptRepo, script, secrets } of users) {
    if (containerAuth && !isGiven(secrets, containerAuth))
      need(containerAuth, `the image of ${label} (container-auth)`);
    for (const name of (scriptRepo?.token ?? '').split(':').filter(Boolean)) {
      if (!isGiven(secrets, name)) need(name, `the script-repo of ${label}`);
    }
    for (const name of Object.keys(secrets)) {
      if (!isGiven(secrets, name)) need(name, purposeFor(name, label, script));
    }
  }
  return [...missing.values()];
}

const isGiven = (secrets: StringMap, name: string) => Object.hasOwn(secrets, name) && secrets[name] !== HIDDEN_VALUE;

/** Secrets that a run's .netrc, and its git, look for by their names (SPEC 3). */
const HOSTS: Record<string, string> = {
  githubtok: 'github.com',
  gitlabtok: 'gitlab.com, or the GitLab of the script-repo',
  gitlabuser: 'gitlab.com, or the GitLab of the script-repo',
  bitbuckettok: 'bitbucket.org',
  bitbucketuser: 'bitbucket.org',
  qpmtok: 'qpm-git.qualcomm.com',
  qpmuser: 'qpm-git.qualcomm.com',
};

/** So that whoever is asked knows which secret is meant. */
function purposeFor(name: string, label: string, script: string | undefined): string {
  if (name.startsWith('netrc-')) return `an entry of .netrc, whole, in ${label}`;
  const host = Object.hasOwn(HOSTS, name) ? HOSTS[name] : undefined;
  if (host !== undefined) return `the ${name.endsWith('user') ? 'user' : 'token'} at ${host}, in ${label}`;
  const reads = secretsReadBy(script ?? '').includes(name) ? `, which reads /secrets/${name}` : '';
  return `the script of ${label}${reads}`;
}

/** Asks for a value without showing it. */
export type AskSecret = (question: string) => Promise<string>;

/**
 * Asks for every missing secret.
 *
 * @param ask undefined where nobody can be asked
 * @throws UsageError listing them, where nobody can be asked
 */
export async function askForSecrets(missing: readonly MissingSecret[], ask: AskSecret | undefined): Promise<StringMap> {
  const answers: StringMap = Object.create(null);
  if (missing.length > 0 && ask === undefined) throw new UsageError(listed(missing));
  for (const { name, purpose } of missing) answers[name] = (await ask?.(`Secret ${name}, for ${purpose}:`)) ?? '';
  return answers;
}

function listed(missing: readonly MissingSecret[]): string {
  const list = missing.map(({ name, purpose }) => `${name} (for ${purpose})`).join(', ');
  const many = missing.length > 1;
  return (
    `${many ? `${missing.length} secrets are` : 'A secret is'} missing: ${list}. ` +
    `Give ${many ? 'each' : 'it'} with -s NAME=VALUE, with -s NAME from the environment, or in the file .jobserv.secrets.`
  );
}

/**
 * Secrets that scripts name and that were not given: asked for on a terminal, where an empty answer leaves one out;
 * elsewhere a warning. A script may do without, so this is no error.
 */
export async function askForScriptSecrets(
  users: readonly SecretUser[],
  ask: AskSecret | undefined,
  warn: (message: string) => void,
): Promise<StringMap> {
  const readers = new Map<string, string[]>();
  for (const { label, script, secrets } of users) {
    for (const name of unknownSecrets(script ?? '', secrets)) readers.set(name, [...(readers.get(name) ?? []), label]);
  }
  const answers: StringMap = Object.create(null);
  if (readers.size === 0) return answers;
  if (ask === undefined) {
    const list = [...readers].map(([name, labels]) => `/secrets/${name} (${someOf(labels)})`).join(', ');
    warn(
      `Scripts name secrets that were not given: ${list}. Give each with -s NAME=VALUE, with -s NAME from the environment, or in the file .jobserv.secrets.`,
    );
    return answers;
  }
  for (const [name, labels] of readers) {
    const answer = await ask(`Secret ${name}, which the script of ${someOf(labels)} reads (Enter: run without it):`);
    if (answer !== '') answers[name] = answer;
  }
  return answers;
}

function someOf(labels: readonly string[]): string {
  const [first = '', ...others] = labels;
  return others.length === 0 ? first : `${first} and ${others.length} other run${others.length === 1 ? '' : 's'}`;
}

/**
 * The secrets that `simulator-inputs` set (SPEC 2); one prompt an entry, unless all its secrets are given.
 *
 * @throws UsageError listing the prompts, where nobody can be asked
 */
export async function askForInputs(
  inputs: readonly SimulatorInput[],
  given: StringMap,
  ask: AskSecret | undefined,
): Promise<StringMap> {
  const open = inputs.filter(({ secrets }) => Object.keys(secrets).some((name) => !Object.hasOwn(given, name)));
  if (open.length > 0 && ask === undefined) {
    const list = open
      .map(({ prompt, secrets }) => `${Object.keys(secrets).join(', ')} ("${prompt.trim()}")`)
      .join('; ');
    throw new UsageError(
      `The rundef asks for what is not given: ${list}. Give each secret with -s NAME=VALUE, or start the simulation on a terminal.`,
    );
  }
  const answers: StringMap = Object.create(null);
  for (const { prompt, secrets } of open) {
    const answer = (await ask?.(prompt)) ?? '';
    for (const [name, how] of Object.entries(secrets)) {
      if (!Object.hasOwn(given, name)) answers[name] = how?.transform === 'BasicAuth' ? basicAuth(answer) : answer;
    }
  }
  return answers;
}

const basicAuth = (answer: string) => `Authorization: basic ${Buffer.from(answer).toString('base64')}`;

/** A rundef as one who names secrets; those that were given take the place of its own. */
export function secretUserOfRundef(
  { path, rundef }: RundefFile,
  given: StringMap,
): SecretUser & { secrets: StringMap } {
  return {
    label: rundef.env?.['H_RUN'] ?? path,
    containerAuth: rundef['container-auth'],
    scriptRepo: rundef['script-repo'],
    script: rundef.script,
    secrets: Object.assign(Object.create(null), rundef.secrets, given),
  };
}

/**
 * All secrets of a rundef by name; prompts for the missing and hidden ones, together.
 *
 * @throws UsageError listing them, where nobody can be asked
 */
export async function completeRundefSecrets(
  file: RundefFile,
  given: StringMap,
  ask: AskSecret | undefined,
): Promise<StringMap> {
  const all: StringMap = Object.assign(Object.create(null), given);
  Object.assign(all, await askForInputs(file.inputs, all, ask));
  const user = secretUserOfRundef(file, all);
  return Object.assign(user.secrets, await askForSecrets(missingSecrets([user]), ask));
}

/**
 * What the run of a rundef gets: the secrets that it names, those that are given here in the place of its own. A
 * rundef is somebody else's text, so it does not get the other secrets of a file here; what a flag gave was
 * meant for this run.
 *
 * @param flagged names of secrets that flags gave
 */
export function secretsOfRundef(
  { rundef, inputs }: RundefFile,
  given: StringMap,
  flagged: ReadonlySet<string> = new Set(),
): { secrets: StringMap; added: string[] } {
  const named = new Set([
    ...Object.keys(rundef.secrets ?? {}),
    ...(rundef['container-auth'] ? [rundef['container-auth']] : []),
    ...(rundef['script-repo']?.token ?? '').split(':').filter(Boolean),
    ...inputs.flatMap((input) => Object.keys(input.secrets)),
  ]);
  const added = [...flagged].filter((name) => !named.has(name));
  const secrets: StringMap = Object.assign(Object.create(null), rundef.secrets);
  for (const name of [...named, ...added]) {
    const value = given[name];
    if (value !== undefined) secrets[name] = value;
  }
  return { secrets, added };
}
