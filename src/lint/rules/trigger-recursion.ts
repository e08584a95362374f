import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { type Chain, type ChainStep, misled, refusedChains } from '../triggers.js';

export const triggerRecursion: RuleCheck = {
  id: 'trigger-recursion',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const chain of refusedChains(context)) if (misled(chain) === undefined) yield finding(chain);
  },
};

function finding({ from, steps }: Chain): Finding {
  const [first, ...rest] = steps as [ChainStep, ...ChainStep[]];
  const names = [from.name, ...steps.map(({ name }) => name)];
  const circle = new Set(names).size < names.length;
  const others = rest.filter(({ path }, i) => path !== first.path && path !== rest[i - 1]?.path);
  return {
    path: `${first.path}/name`,
    message: `Triggers start one another ${circle ? 'in a circle' : 'too many times'}: ${names.join(' → ')}.`,
    help: circle
      ? 'Remove one of the triggers in the circle.'
      : 'The server follows at most three triggers; shorten the chain.',
    related: others.map(({ path, name }) => ({ path: `${path}/name`, message: `goes on to \`${name}\`` })),
  };
}
