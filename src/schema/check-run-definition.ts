/** Is this JSON a rundef that can be run, and that may be? Rundefs come from files and servers: they are not trusted. */
import validateRunDefinition from './generated/validate-run-definition.js';
import type { ShapeError } from './validator.js';

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

/** Names that would leave their folder, or be taken for an option or a part of a mount. */
function* nameProblems(rundef: Record<string, unknown>): Generator<string> {
  for (const field of ['persistent-volumes', 'shared-volumes']) {
    for (const name of namesOf(rundef[field])) {
      if (!SAFE_NAME.test(name) || name === '__proto__') yield `${field} has an unsafe name, ${JSON.stringify(name)}`;
    }
  }
  for (const name of namesOf(rundef['secrets'])) {
    if (/^\.{0,2}$|[/\0]/.test(name) || name === '__proto__')
      yield `secrets has an unsafe name, ${JSON.stringify(name)}`;
  }
  const project = String(rundef['project']);
  if (project.includes('\0') || project.split('/').some((part) => /^\.{0,2}$/.test(part))) {
    yield `project is unsafe as a folder, ${JSON.stringify(project)}`;
  }
  const container = String(rundef['container']);
  if (container === '' || container.startsWith('-')) yield `container is no image, ${JSON.stringify(container)}`;
}

function namesOf(map: unknown): string[] {
  return typeof map === 'object' && map !== null ? Object.keys(map) : [];
}
