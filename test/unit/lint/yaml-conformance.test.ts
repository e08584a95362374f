import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadYaml } from '../../../src/python/index.js';

interface Case {
  id?: string;
  yaml: string;
  ok?: boolean;
  stage?: string;
}

it.each(['definitions', 'yaml11'])(
  '%s.jsonl: a text loads where the live server got to see it, and fails at the same stage',
  (name) => {
    const folder = new URL('../../../fixtures/conformance/', import.meta.url);
    const cases = readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')
      .trimEnd()
      .split('\n');
    const wrong = cases
      .map((line): Case => JSON.parse(line))
      .filter(({ yaml, stage }) => loadYaml(yaml).problem?.stage !== (stage === 'validate' ? undefined : stage))
      .map(({ id, yaml }) => id ?? yaml);
    expect(cases.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  },
);
