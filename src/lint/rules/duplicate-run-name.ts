import type { YamlValue } from '../../python/index.js';
import { asList, asObject, asText, valueAt } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';

/*
 * trigger.py `trigger_runs`: the second run of a name is an error before any run of the build is committed. models.py
 * has the same as a constraint of the table.
 */
export const duplicateRunName: RuleCheck = {
  id: 'duplicate-run-name',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-build',
  *check(context) {
    for (const items of context.expanded.values()) {
      const first = new Map<string, string>();
      const reported = new Set<string>();
      for (const { run, path } of items) {
        const other = first.get(run.name);
        if (other === undefined) first.set(run.name, path);
        else if (!reported.has(path)) {
          reported.add(path);
          yield other === path ? loopFinding(context, path, run.name) : pairFinding(path, other, run.name);
        }
      }
    }
  },
};

function pairFinding(path: string, other: string, name: string): Finding {
  return {
    path: `${path}/name`,
    message: `There is a run \`${name}\` in this trigger already; the server fails the build.`,
    related: [{ path: `${other}/name`, message: 'the first one' }],
  };
}

/** Two runs of one loop have the same name: without `{loop}`, or because a value is there twice. */
function loopFinding(context: CheckContext, path: string, name: string): Finding {
  // As written: the values need not be texts.
  const run = asObject(valueAt(context.document.value, path));
  const written = asText(run?.['name']) ?? '';
  const again = written.includes('{loop') ? repeatedValue(run?.['loop-on']) : undefined;
  if (again) {
    const values = `${path}/loop-on/${again.loop}/values`;
    return {
      path: `${values}/${again.second}`,
      message: `\`${again.value}\` is in this loop twice: it makes two runs called \`${name}\`, and the server fails the build.`,
      help: 'Remove one of the two.',
      related: [{ path: `${values}/${again.first}`, message: 'the first one' }],
    };
  }
  const message = `This loop makes several runs called \`${name}\`; the server fails the build.`;
  const help = written.includes('{loop')
    ? 'Joined with `-`, different values give the same name; choose values that do not.'
    : `Put the values into the name: \`${written}-{loop}\`.`;
  return { path: `${path}/name`, message, help };
}

function repeatedValue(loops: YamlValue | undefined) {
  for (const [loop, item] of (asList(loops) ?? []).entries()) {
    const values = asList(asObject(item)?.['values']) ?? [];
    const second = values.findIndex((value, i) => values.indexOf(value) < i);
    if (second >= 0) return { loop, first: values.indexOf(values[second] as YamlValue), second, value: values[second] };
  }
  return undefined;
}
