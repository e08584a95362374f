/**
 * `src/python` beside Python itself: texts that nobody wrote, made from a seed, and what PyYAML, `re` and `str.format`
 * make of them. `JOBSERV_DIFFERENTIAL=100000 npx vitest run --project unit differential` asks that many of each;
 * `JOBSERV_SEED` makes others.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import {
  backtrackingEngine,
  compilePython,
  FormatError,
  loadYaml,
  PatternError,
  PyFloat,
  pythonFormat,
  type YamlValue,
} from '../../../src/python/index.js';

const COUNT = Number(process.env['JOBSERV_DIFFERENTIAL'] ?? 600);
const SEED = Number(process.env['JOBSERV_SEED'] ?? 1);
/** Debian's, whose packages are not those of a virtual environment. */
const PYTHON = '/usr/bin/python3';
const versionOf = spawnSync(PYTHON, ['-c', 'import sys, yaml; print(*sys.version_info[:3])'], { encoding: 'utf8' });
const [major = 0, minor = 0, patch = 0] = versionOf.status === 0 ? versionOf.stdout.split(' ').map(Number) : [];
const hasPython = major === 3 && minor >= 11;
/** Before 3.11.5 Python itself is wrong there: its issue gh-106052, possessive repetitions of what backtracks. */
const isWrongInPython = (pattern: string) => minor === 11 && patch < 5 && /\)(?:[*+?]|\{[\d,]*\})\+/.test(pattern);
if (!hasPython) {
  const repair = 'run scripts/setup, or: sudo apt-get install python3-yaml';
  process.stderr.write(`\nSKIPPED: the differential test needs ${PYTHON} 3.11 with PyYAML; ${repair}\n\n`);
}

/** Numbers that look like chance and are always the same (mulberry32). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit);
  }

  one<T>(choices: readonly T[] | string): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** What Python answers to each question, in their order. */
async function ask<T>(questions: readonly unknown[][]): Promise<T[]> {
  const python = spawn(PYTHON, ['test/support/python-oracle.py'], { stdio: ['pipe', 'pipe', 'inherit'] });
  python.stdin.end(questions.map((question) => `${asciiJson(question)}\n`).join(''));
  const answers: T[] = [];
  for await (const line of createInterface({ input: python.stdout })) answers.push(JSON.parse(line));
  expect(answers.length).toBe(questions.length);
  return answers;
}

/** Lone surrogates too: as UTF-8 they would be something else. */
function asciiJson(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[\u0080-\uffff]/g, escaped);
}

const many = <T>(seed: number, make: (chance: Chance) => T): T[] => {
  const chance = new Chance(SEED * 1000 + seed);
  return Array.from({ length: COUNT }, () => make(chance));
};

const MINUTES = Math.max(1, COUNT / 3000);

describe.skipIf(!hasPython)(
  `beside Python itself, ${COUNT} of each (seed ${SEED})`,
  { timeout: MINUTES * 60_000 },
  () => {
    it('YAML: the same value, or a fault at the same stage', async () => {
      const texts = many(1, yamlText);
      const theirs = await ask<{ stage: string | null; json?: string }>(texts.map((text) => ['yaml', text]));
      const wrong = texts.filter((text, index) => {
        const { value, problem } = loadYaml(text);
        const { stage, json } = theirs[index] as (typeof theirs)[number];
        if ((problem?.stage ?? null) !== stage) return true;
        return json !== undefined && (value === undefined || canonical(value) !== json);
      });
      expect(wrong).toEqual([]);
    });

    it('regex: the same patterns are refused, and the same groups are found', async () => {
      const questions = many(2, (chance): [string, string[]] => [
        regex(chance),
        Array.from({ length: 4 }, () => line(chance)),
      ]);
      const theirs = await ask<{ refused: boolean; found?: unknown[] }>(questions.map((one) => ['regex', ...one]));
      const engine = backtrackingEngine();
      const wrong: unknown[] = [];
      for (const [index, [pattern, texts]] of questions.entries()) {
        const { refused, found } = theirs[index] as (typeof theirs)[number];
        try {
          const compiled = compilePython(pattern);
          if (isWrongInPython(pattern)) continue;
          const slow = engine(compiled.program());
          for (const [i, text] of texts.entries()) {
            const [expected, byTrying] = [found?.[i], slow(text, 10_000) ?? null];
            const linear = compiled.match === undefined ? byTrying : (compiled.match(text) ?? null);
            if (asciiJson({ ...byTrying }) !== asciiJson({ ...(expected as object) }) || refused)
              wrong.push([pattern, text, 'backtracking', byTrying, expected]);
            if (asciiJson({ ...linear }) !== asciiJson({ ...(expected as object) }))
              wrong.push([pattern, text, 'linear', linear, expected]);
          }
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
          if (!refused) wrong.push([pattern, error.message]);
        }
      }
      expect(wrong).toEqual([]);
    });

    it('str.format: the same text, or a fault', async () => {
      const values = { loop: 'nrf52-gcc', name: 'b😀d' };
      const templates = many(3, template);
      const theirs = await ask<{ text: string | null }>(templates.map((one) => ['format', one, values]));
      const wrong = templates.flatMap((one, index) => {
        const [ours, expected] = [formatted(one, values), theirs[index]?.text ?? null];
        return ours === expected ? [] : [[one, ours, expected]];
      });
      expect(wrong).toEqual([]);
    });
  },
);

function formatted(template: string, values: Record<string, string>): string | null {
  try {
    return pythonFormat(template, values).replaceAll(/0x[0-9a-f]{6,}/g, '0xADDRESS');
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** As Python's `json.dumps(…, sort_keys=True)` of it. */
function canonical(value: YamlValue): string {
  if (value instanceof PyFloat) return value.toJsonText();
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return asciiJson(value).replaceAll('\u007f', '\\u007f');
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(utf32(a), utf32(b)));
  return `{${entries.map(([key, child]) => `${canonical(key)}:${canonical(child)}`).join(',')}}`;
}

function utf32(text: string): Buffer {
  const codes = Array.from(text, (character) => character.codePointAt(0) as number);
  const bytes = Buffer.alloc(codes.length * 4);
  for (const [index, code] of codes.entries()) bytes.writeUInt32BE(code, index * 4);
  return bytes;
}

/** Everyday and odd pieces of YAML. */
const YAML_PIECES = [
  ...[': ', ':', '- ', '-', '? ', '\n', '\n\n', '\n  ', '\n    ', '\n\t', ' ', '  ', '\t', '#', ' # c', ', ', ','],
  ...[
    '[',
    ']',
    '{',
    '}',
    '[]',
    '{}',
    '"',
    "'",
    "''",
    '\\',
    '\\n',
    '\\x41',
    '\\u00e9',
    '|',
    '>',
    '|-',
    '>+',
    '|2',
    '\n|',
  ],
  ...[
    '&a ',
    '*a',
    '&b',
    '*b ',
    '<<: ',
    '<<: *a',
    '!',
    '!!',
    '!!str ',
    '!!int ',
    '!!float',
    '!!set ',
    '!!omap',
    '!!binary ',
    '!x',
  ],
  ...[
    '---',
    '...',
    '\n---\n',
    '\n...\n',
    '%YAML 1.1\n',
    '%TAG ! tag:x,2000:\n',
    '=',
    '~',
    'null',
    'yes',
    'No',
    'on',
    'true',
  ],
  ...[
    '0',
    '1',
    '010',
    '0x1F',
    '0b11',
    '1_000',
    '3.10',
    '1e3',
    '1.e+3',
    '.5',
    '.inf',
    '-.INF',
    '.nan',
    '12:30',
    '1:30.5',
  ],
  ...[
    '2024-01-01',
    '2024-13-01',
    '2024-01-01 12:30:00',
    '2024-01-01T12:30:00Z',
    '-',
    '+',
    '+1',
    '-0',
    '08',
    '1.',
    '99999999999999999999',
  ],
  ...[
    'a',
    'b',
    'name',
    'é',
    '😀',
    '\u00a0',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\r',
    '\r\n',
    '@',
    '`',
    '%',
    '\u0007',
    '\ud800',
    'x: y',
    '- x',
  ],
];
const everyday = (() => {
  const read = (name: string) => readFileSync(`fixtures/conformance/${name}.jsonl`, 'utf8').trimEnd().split('\n');
  const texts = [...read('yaml11'), ...read('definitions')].map((one): string => JSON.parse(one).yaml);
  return texts.filter(({ length }) => length < 700);
})();

function yamlText(chance: Chance): string {
  if (chance.below(3) === 0) {
    return Array.from({ length: 1 + chance.below(9) }, () => chance.one<string>(YAML_PIECES)).join('');
  }
  let text = chance.one<string>(everyday);
  for (let changes = 1 + chance.below(4); changes > 0; changes--) {
    const at = chance.below(text.length + 1);
    const cut = chance.below(2) === 0 ? chance.below(6) : 0;
    const piece = chance.below(3) === 0 && cut > 0 ? '' : chance.one<string>(YAML_PIECES);
    text = text.slice(0, at) + piece + text.slice(at + cut);
  }
  return text;
}

const CHARACTERS = [
  'a',
  'b',
  'A',
  'é',
  'ſ',
  's',
  'K',
  '\u212a',
  '1',
  '٣',
  '_',
  '-',
  ' ',
  '.',
  '\u00a0',
  '日',
  '😀',
  ':',
];

function line(chance: Chance): string {
  const length = chance.below(9);
  return Array.from({ length }, () => chance.one<string>(CHARACTERS)).join('') + (chance.below(3) === 0 ? '\n' : '');
}

const ATOMS = [
  ...[
    '.',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '[ab]',
    '[^a]',
    '[a-z\\d]',
    '[^\\W_]',
    '[]a]',
    '[\\s-]',
    '^',
    '$',
    '\\b',
    '\\B',
  ],
  ...[
    '\\A',
    '\\Z',
    '\\x41',
    '\\u00e9',
    '\\.',
    '\\-',
    '\\n',
    '\\1',
    '\\2',
    '(?P=x)',
    '\\q',
    '[b-a]',
    '[',
    ')',
    '{',
    '{2}',
    '*',
  ],
  ...['(?#c)', '(?i)', '(?x)', '\\', '(?', '(?P<x', '\\0', '\\101', ' ', '#'],
];
const OPENINGS = [
  '(',
  '(?:',
  '(?P<x>',
  '(?P<y>',
  '(?P<z>',
  '(?=',
  '(?!',
  '(?<=',
  '(?<!',
  '(?>',
  '(?i:',
  '(?-i:',
  '(?s:',
  '(?a:',
  '(?m:',
  '(?x:',
  '(?(1)',
  '(?(x)',
];
const REPEATS = ['*', '+', '?', '*?', '+?', '??', '*+', '++', '?+', '{2}', '{1,2}', '{,2}', '{1,}?', '{0,3}+', '{3,1}'];

function regex(chance: Chance): string {
  const flags =
    chance.below(6) === 0 ? chance.one<string>(['(?i)', '(?s)', '(?m)', '(?a)', '(?x)', '(?ai)', '(?L)']) : '';
  return flags + choice(chance, 3);
}

function choice(chance: Chance, depth: number): string {
  const branches = chance.below(4) === 0 ? 2 : 1;
  return Array.from({ length: branches }, () => {
    const items = 1 + chance.below(3);
    return Array.from(
      { length: items },
      () => atom(chance, depth) + (chance.below(3) === 0 ? chance.one<string>(REPEATS) : ''),
    ).join('');
  }).join('|');
}

function atom(chance: Chance, depth: number): string {
  if (depth > 0 && chance.below(3) === 0) return `${chance.one<string>(OPENINGS)}${choice(chance, depth - 1)})`;
  return chance.below(3) === 0 ? chance.one<string>(ATOMS) : chance.one<string>(CHARACTERS);
}

const FORMAT_PIECES = [
  ...[
    '{loop}',
    '{name}',
    '{loop!r}',
    '{name!a}',
    '{loop:>20}',
    '{loop:^{name}}',
    '{loop:.3}',
    '{loop[0]}',
    '{name[1]}',
    '{loop[-1]}',
  ],
  ...[
    '{loop.upper}',
    '{loop.x}',
    '{loop.__class__}',
    '{{',
    '}}',
    '{',
    '}',
    '{}',
    '{0}',
    '{x}',
    '!',
    ':',
    '.',
    '[',
    ']',
    'loop',
    'name',
  ],
  ...['>', '<', '^', '=', '+', '0', '1', '12', ',', '_', '#', 's', 'd', 'r', 'a', 'é', '😀', '-', ' ', '٣'],
];

function template(chance: Chance): string {
  return Array.from({ length: 1 + chance.below(6) }, () => chance.one<string>(FORMAT_PIECES)).join('');
}
