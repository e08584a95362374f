import type { RuleCheck } from '../rule.js';

/* The facts: `validate_data` in the server's project.py. */
export const missingHostTag: RuleCheck = {
  id: 'missing-host-tag',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const view of context.runs) {
      const { path, run, written } = view;
      if (!context.lacks(view, 'host-tag') || context.isMisspelt(path, 'loop-on')) continue;
      // Loops whose params cannot be read may have it.
      if (written['loop-on'] != null && run['loop-on'] == null) continue;
      const params = run['loop-on']?.map((loop) => loop?.param ?? 'host-tag') ?? [];
      if (params.includes('host-tag')) continue;
      const message = 'This run does not say which workers may take it: `host-tag` is missing.';
      yield { path, at: 'whole', message, help: 'Add `host-tag`, or a `loop-on` with the param `host-tag`.' };
    }
  },
};
