/** Whether JSON is a rundef that can run safely. Rundefs come from files and servers, which are not trusted. */
import validateRunDefinition from './generated/validate-run-definition.js';
import schema from './rundef.schema.json' with { type: 'json' };
import type { ShapeError } from './shape.js';

/** What a worker makes folders and files of. */
const SAFE_NAME = /^(?![-.]*$)(?!-)[A-Za-z0-9_.-]+$/;

/**
 * @returns what is wrong, each with the path of its field; nothing when the rundef may be run
 */
export function checkRunDefinition(rundef: unknown): string[] {
  if (!validateRunDefinition(rundef)) {
    return [
      ...new Set((validateRunDefinition.errors ?? []).filter(({ keyword }) => keyword !== 'anyOf').map(shapeProblem)),
    ];
  }
  return [...nameProblems(rundef as Record<string, unknown>)];
}

function shapeProblem({ keyword, instancePath, params, parentSchema }: ShapeError): string {
  const field = instancePath.slice(1).replaceAll('/', '.') || 'the rundef';
  if (keyword === 'required') return `${field} lacks ${params.missingProperty ?? 'a field'}`;
  if (keyword === 'enum') return `${field} must be one of ${(params.allowedValues ?? []).join(', ')}`;
  if (keyword === 'type') return `${field} must be ${[parentSchema.type].flat().join(' or ')}`;
  return `${field} is out of range`;
}

/** Names that would leave their folder, or be taken for an option or a part of a mount (QUALITY, row 32). */
function* nameProblems(rundef: Record<string, unknown>): Generator<string> {
  for (const field of ['persistent-volumes', 'shared-volumes']) {
    for (const name of namesOf(rundef[field])) {
      if (!SAFE_NAME.test(name) || name === '__proto__') yield `${field} has an unsafe name, ${JSON.stringify(name)}`;
    }
    for (const path of valuesOf(rundef[field])) {
      if (!path.startsWith('/') || path.includes('\0')) yield `${field} has no absolute path, ${JSON.stringify(path)}`;
    }
  }
  for (const name of namesOf(rundef['secrets'])) {
    if (/^\.{0,2}$|^-|[/:\0]/.test(name) || name === '__proto__')
      yield `secrets has an unsafe name, ${JSON.stringify(name)}`;
  }
  const project = String(rundef['project']);
  if (/[:\0]/.test(project) || project.split('/').some((part) => /^\.{0,2}$|^-/.test(part) || part === '__proto__')) {
    yield `project is unsafe as a folder, ${JSON.stringify(project)}`;
  }
  const container = String(rundef['container']);
  if (container === '' || /^-|[\s\0]/.test(container)) yield `container is no image, ${JSON.stringify(container)}`;
  yield* environmentProblems(rundef['env']);
  yield* repositoryProblems(rundef['script-repo']);
}

/** Variables that no container can have, and those that name the run's folder. */
function* environmentProblems(env: unknown): Generator<string> {
  for (const [name, value] of entriesOf(env)) {
    if (/[=\0]/.test(name) || value.includes('\0')) yield `env has what no environment can, ${JSON.stringify(name)}`;
    if ((name === 'GIT_URL' && isUnsafeForGit(value)) || (name === 'GIT_SHA' && value.startsWith('-'))) {
      yield `env.${name} is unsafe, ${JSON.stringify(value)}`;
    }
    const folder = name === 'H_RUN' || name === 'H_PROJECT' || name === 'H_BUILD';
    if (folder && value.split('/').some((part) => /^\.{0,2}$/.test(part))) {
      yield `env.${name} is unsafe as a folder, ${JSON.stringify(value)}`;
    }
    if (name === 'H_RUN' && value.includes('/')) yield `env.H_RUN is no name of a run, ${JSON.stringify(value)}`;
  }
}

/** git would take it for an option, or run a command: `ext::sh -c …`. */
const isUnsafeForGit = (url: string) => /^-|[\0\n]|^[A-Za-z0-9][A-Za-z0-9+.-]*::/.test(url);

function* repositoryProblems(repository: unknown): Generator<string> {
  const fields = new Map(entriesOf(repository));
  const url = fields.get('clone-url') ?? '';
  if (isUnsafeForGit(url)) yield `script-repo.clone-url is unsafe, ${JSON.stringify(url)}`;
  const ref = fields.get('git-ref') ?? '';
  if (/^-|[\0\n]/.test(ref)) yield `script-repo.git-ref is unsafe, ${JSON.stringify(ref)}`;
  const path = fields.get('path') ?? 'x';
  if (path === '' || path.includes('\0') || path.split('/').includes('..')) {
    yield `script-repo.path leads out of the repository, ${JSON.stringify(path)}`;
  }
}

/** Objects that may have unknown fields. */
const OBJECTS = ['test-grepping', 'console-progress', 'script-repo'] as const;

/** The paths of unknown fields, in the order of the rundef. */
export function unknownFields(rundef: Record<string, unknown>): string[] {
  const { properties } = schema;
  const unknown = namesOf(rundef).filter((field) => !Object.hasOwn(properties, field));
  for (const field of OBJECTS) {
    const known = properties[field].properties;
    unknown.push(
      ...namesOf(rundef[field])
        .filter((name) => !Object.hasOwn(known, name))
        .map((name) => `${field}.${name}`),
    );
  }
  return unknown;
}

function namesOf(map: unknown): string[] {
  return typeof map === 'object' && map !== null ? Object.keys(map) : [];
}

function entriesOf(map: unknown): [string, string][] {
  return typeof map === 'object' && map !== null
    ? Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    : [];
}

const valuesOf = (map: unknown): string[] => entriesOf(map).map(([, value]) => value);
