import { parseImageName } from '../schema/image-reference.js';
import { asObject, asText, childPath } from '../schema/values.js';
import type { CheckContext, LintedRun } from './context.js';

/** A script of the definition that runs execute. */
export interface RunScript {
  name: string;
  path: string;
  text: string;
  /** The runs that execute it. */
  runs: LintedRun[];
}

/** Those that a run names, in the order of the definition; what nothing executes does no harm. */
export function runScripts(context: CheckContext): RunScript[] {
  return context.memo(find, () => find(context));
}

function find(context: CheckContext): RunScript[] {
  const byName = new Map<string, LintedRun[]>();
  for (const view of context.runs) {
    const name = asText(view.run['script']);
    if (name === undefined || !context.isSound(`${view.path}/script`)) continue;
    const others = byName.get(name);
    if (others) others.push(view);
    else byName.set(name, [view]);
  }
  return Object.entries(asObject(context.root?.['scripts']) ?? {}).flatMap(([name, value]) => {
    const text = asText(value);
    const runs = byName.get(name);
    return text !== undefined && runs ? [{ name, path: childPath('/scripts', name), text, runs }] : [];
  });
}

/** An entrypoint of the run's own gets the script as an argument, and may be what reads it. */
export function startedDirectly({ runs }: RunScript): LintedRun[] {
  return runs.filter(({ run }) => !run['container-entrypoint']);
}

/** `alpine` for the official image of that name, whatever its tag. */
export function officialName(run: LintedRun['run']): string | undefined {
  const image = parseImageName(asText(run['container']) ?? '');
  return image?.registry === 'docker.io' ? image.path.replace(/^library\//, '') : undefined;
}
