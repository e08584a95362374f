/**
 * The fidelity ledger (SPEC 8): what differed from the worker's run. What no script could
 * have noticed is not in it, so that `exact` means something.
 */
import { withoutTrailing } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';

export type DifferenceKind =
  | 'secret-missing'
  | 'secret-placeholder'
  | 'secret-added'
  | 'param-given'
  | 'image-mapped'
  | 'image-not-pulled'
  | 'architecture'
  | 'image-id'
  | 'podman-environment'
  | 'remote-engine'
  | 'working-tree'
  | 'unpushed'
  | 'repo-owner'
  | 'made-up-value'
  | 'no-trigger-url'
  | 'not-served'
  | 'shared-volume-empty'
  | 'docker-config-off'
  | 'unknown-field'
  | 'reboot-skipped'
  | 'server-fails'
  | 'reference-worker';

export interface Difference {
  kind: DifferenceKind;
  /** A sentence. */
  message: string;
}

export interface Fidelity {
  exact: boolean;
  differences: Difference[];
}

/** One run's ledger. */
export class Ledger {
  readonly #differences = new Map<string, Difference>();

  constructor(known: readonly Difference[] = []) {
    for (const { kind, message } of known) this.note(kind, message);
  }

  note(kind: DifferenceKind, message: string): void {
    this.#differences.set(`${kind} ${message}`, { kind, message });
  }

  fidelity(): Fidelity {
    const differences = [...this.#differences.values()];
    return { exact: differences.length === 0, differences };
  }
}

/** Whether a text uses a variable, a file or any other word of this name. */
export function mentions(text: string, name: string): boolean {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![A-Za-z0-9_])${literal}(?![A-Za-z0-9_])`).test(text);
}

/**
 * Adds what follows from the script's text: values that a server would have known and that
 * were made up here count when the script asks for them, as do secrets that it reads.
 *
 * @param madeUp value's name → what stands there now
 */
export function noteScript(ledger: Ledger, script: string, madeUp: StringMap, secrets: StringMap): void {
  for (const [name, what] of Object.entries(madeUp)) {
    if (mentions(script, name)) ledger.note('made-up-value', `The script uses ${name}, which is ${what}.`);
  }
  for (const name of unknownSecrets(script, secrets)) {
    ledger.note('secret-missing', `The script names /secrets/${name}, and no secret ${name} was given.`);
  }
}

/** @param requests `GET /projects/…`, which the run's server could not answer */
export function noteUnserved(ledger: Ledger, requests: Iterable<string>): void {
  for (const request of requests) {
    ledger.note('not-served', `The script asked the server for ${request}, which a simulation does not have.`);
  }
}

/** Names of the files below /secrets that a script's text names. */
export function secretsReadBy(script: string): string[] {
  const names = [...script.matchAll(/\/secrets\/([A-Za-z0-9][A-Za-z0-9._-]*)/g)].map(([, name = '']) => name);
  return [...new Set(names.map((name) => withoutTrailing(name, '.')))];
}

/** Of the secrets that a script names those that are not among these. A definition does not say which its project has. */
export function unknownSecrets(script: string, secrets: StringMap): string[] {
  return secretsReadBy(script).filter((name) => name !== 'docker_host_config.json' && !Object.hasOwn(secrets, name));
}

export function noteSecrets(ledger: Ledger, secrets: StringMap): void {
  for (const [name, value] of Object.entries(secrets)) {
    if (value === '' || value === 'TODO') ledger.note('secret-placeholder', `The secret ${name} has no real value.`);
  }
}

/** Architectures by the names that host-tags and engines use for them. */
const ARCHITECTURES: Record<string, string> = {
  amd64: 'amd64',
  x86_64: 'amd64',
  arm64: 'arm64',
  aarch64: 'arm64',
  armhf: 'arm',
  armv7l: 'arm',
  arm: 'arm',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** An image's id means nothing on another machine. */
export function noteImageId(ledger: Ledger, reference: string, byId: boolean | undefined): void {
  if (!byId) return;
  ledger.note(
    'image-id',
    `${reference} is the id of an image on this machine: no worker can pull it. Name it as a registry does, [registry/]name[:tag].`,
  );
}

/** Podman puts two variables into each container that Docker, and so a worker, does not. */
export function notePodman(ledger: Ledger, engine: string): void {
  if (engine !== 'podman') return;
  ledger.note(
    'podman-environment',
    'The script had the variables TERM and container, which Podman sets and Docker does not.',
  );
}

/** What is copied is no mount of this machine's folder: a script may notice. */
export function noteRemoteEngine(ledger: Ledger, copiesFiles: boolean): void {
  if (!copiesFiles) return;
  ledger.note(
    'remote-engine',
    "The engine does not see this machine's files: they were copied into volumes of the engine, and /archive and persistent volumes were copied back.",
  );
}

/** A host-tag that names an architecture asks for a worker of it. */
export function noteArchitecture(ledger: Ledger, hostTag: string, imageArchitecture: string): void {
  const asked = hostTag
    .toLowerCase()
    .split(/[^a-z0-9_]+/)
    .map((word) => ARCHITECTURES[word])
    .find((word) => word !== undefined);
  const got = ARCHITECTURES[imageArchitecture] ?? imageArchitecture;
  if (asked !== undefined && asked !== got) {
    ledger.note(
      'architecture',
      `The host-tag "${hostTag}" asks for a worker of ${asked}; the image that ran is for ${got}.`,
    );
  }
}
