/** What a simulation has to say about findings that the server fails at: it has no server that would show them. */
import { type Definition, expandRuns } from '../schema/index.js';
import type { Diagnostic } from './finding.js';
import { isUrlSegment } from './rules/run-name-slash.js';
import { RULES } from './rules.js';

/** Why a run that passes here would not pass, or never begin, on a server. */
export interface StaticFailure {
  /** A sentence. */
  message: string;
  /** Whether the run fails there whatever its script does; else it depends on what else the build does. */
  sure: boolean;
}

/** The failures that concern a run, by the names of its trigger and its own. */
export type FailuresOfRun = (trigger: string, run: string) => StaticFailure[];

/**
 * @param definition one that the server accepts
 * @param diagnostics all that `check` found in it, whatever a comment silences
 */
export function serverFailures(definition: Definition, diagnostics: readonly Diagnostic[]): FailuresOfRun {
  const failing = diagnostics.filter(({ rule, server }) => server === 'fails' && !FAIL_BY_THEMSELVES.has(rule));
  if (failing.length === 0) return () => [];
  const { lists } = expandRuns(
    definition.triggers.map(({ runs }, i) => runs.map((run, j) => ({ run, path: `/triggers/${i}/runs/${j}` }))),
  );
  return (trigger, run) => {
    const index = definition.triggers.findIndex(({ name }) => name === trigger);
    const written = (lists[index] ?? []).filter((item) => item.run.name === run);
    return failing.flatMap((diagnostic) => {
      const inRun = written.some(({ path }) => `${diagnostic.path}/`.startsWith(`${path}/`));
      const inTrigger = diagnostic.path.startsWith(`/triggers/${index}/`);
      const failsBuild = FAIL_BUILD.has(diagnostic.rule);
      const concerned = written.some(({ path, run: each }) => concerns(diagnostic, { path, index, each, failsBuild }));
      if (!concerned || (diagnostic.rule === SLASH && isUrlSegment(run))) return [];
      const sure =
        diagnostic.severity === 'error' && ((failsBuild && inTrigger) || (FAIL_RUN.has(diagnostic.rule) && inRun));
      return [{ message: `${diagnostic.message} (${diagnostic.rule})`, sure }];
    });
  };
}

const SLASH = 'run-name-slash';
const rulesThat = (simulation: 'fails-itself' | 'fails-run' | 'fails-build') =>
  new Set(RULES.filter((rule) => rule.simulation === simulation).map(({ id }) => id));
const FAIL_BY_THEMSELVES = rulesThat('fails-itself');
const FAIL_RUN = rulesThat('fails-run');
const FAIL_BUILD = rulesThat('fails-build');

interface WrittenRun {
  path: string;
  index: number;
  each: { script?: string; 'script-repo'?: { name: string } };
  failsBuild: boolean;
}

/** Whether a finding is about a run: it stands in it, in its trigger as such, in what it executes, or in what all have. */
function concerns({ path }: Diagnostic, { path: own, index, each, failsBuild }: WrittenRun): boolean {
  const [top, key = '', below] = path.split('/').slice(1);
  const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
  if (top === 'triggers')
    return Number(key) === index && (failsBuild || below !== 'runs' || `${path}/`.startsWith(`${own}/`));
  if (top === 'scripts') return each.script === name;
  return top !== 'script-repos' || each['script-repo']?.name === name;
}
