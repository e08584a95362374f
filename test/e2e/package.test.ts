/** The package as npm has it: what is in it, what it exports, and that two builds of it are the same. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { definitionOf, worldOf, worldWith } from './definition.js';
import { jobserv } from './jobserv.js';

const root = () => join(inject('installation'), 'node_modules/jobserv');

describe('the package', () => {
  it('is the same, byte for byte, when it is built again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'jobserv-packed-again-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [again = ''] = readdirSync(folder);
    const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(digest(join(folder, again))).toBe(digest(inject('tarball')));
  });

  it('has every page that its README and its pages link to', () => {
    const pages = ['README.md', ...readdirSync(join(root(), 'docs')).map((name) => `docs/${name}`)];
    const dead = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => {
        const text = readFileSync(join(root(), page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
        const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
        return links
          .filter((link) => !/^https?:/.test(link) && !existsSync(join(root(), dirname(page), link)))
          .map((link) => `${page}: ${link}`);
      });
    expect(dead).toEqual([]);
  });

  it('has a man page for every command', () => {
    const manifest = JSON.parse(readFileSync(join(root(), 'package.json'), 'utf8'));
    expect(manifest.man).toEqual(['man/jobserv.1']);
    expect(readFileSync(join(root(), 'man/jobserv.1'), 'utf8')).toContain('.SS jobserv worker loop');
  });

  it('names one repository, and says so everywhere', () => {
    const { homepage, bugs, repository, keywords } = JSON.parse(readFileSync(join(root(), 'package.json'), 'utf8'));
    const address = repository.url.replace(/^git\+|\.git$/g, '');
    expect([homepage, bugs.url]).toEqual([`${address}#readme`, `${address}/issues`]);
    expect(keywords).toContain('jobserv');
  });
});

/** A schema of the package that knows no field beside its own: what a command prints and the schema lacks is found. */
function strict(name: string) {
  const text = readFileSync(join(root(), `schema/${name}.json`), 'utf8');
  const schema = JSON.parse(text, (_, value) =>
    value?.type === 'object' && value.properties && value.additionalProperties === undefined
      ? { ...value, additionalProperties: false }
      : value,
  );
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  return (json: string) => {
    validate(JSON.parse(json));
    return validate.errors ?? [];
  };
}

describe('the schemas of the package', () => {
  it('are found by those who depend on it, with types', () => {
    const folder = inject('installation');
    const script = `console.log(require('jobserv/schema/simulate.json').title, require('jobserv/package.json').name)`;
    const out = execFileSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
    expect(out).toBe('SimulateJson jobserv\n');
    const uses = join(folder, 'uses.mts');
    writeFileSync(
      uses,
      `import type { SimulateJson } from 'jobserv/types';
export const failed = ({ runs }: SimulateJson) => runs.filter(({ status }) => status !== 'PASSED').map(({ run }) => run);
// @ts-expect-error: there is no such field
export const wrong = (result: SimulateJson) => result.run;
`,
    );
    const tsc = join(process.cwd(), 'node_modules/.bin/tsc');
    execFileSync(tsc, ['--noEmit', '--strict', '--module', 'nodenext', uses], { cwd: folder });
  });

  it('say what commands print, every field', async () => {
    const world = await worldWith({ run: '#!/bin/sh\necho x > /archive/x\n', fails: '#!/bin/sh\nexit 1\n' });
    const outputs: [schema: string, args: string[], status: number][] = [
      ['validate', ['validate'], 0],
      ['list', ['list'], 0],
      ['rundef-create', ['rundef', 'create', '--all'], 0],
      ['dry-run', ['simulate', 'run', '--dry-run'], 0],
      ['simulate', ['simulate', 'run', 'fails'], 1],
      ['prune', ['prune', '--dry-run'], 0],
      ['doctor', ['doctor'], 0],
      ['error', ['simulate', 'no-such-run'], 2],
    ];
    for (const [schema, args, status] of outputs) {
      const ended = await jobserv([...args, '--json'], world);
      expect({ args, status: ended.status, errors: strict(schema)(ended.stdout) }).toEqual({
        args,
        status,
        errors: [],
      });
    }
  });

  it('say what validate prints of a rejected definition, and of a repair', async () => {
    const text = (await definitionOf({ run: 'x' })).replace('"script":"run"', '"script":"rnu"');
    const world = worldOf({ '.jobserv.yml': text });
    for (const args of [['validate'], ['validate', '--fix', '--dry-run']]) {
      const { stdout } = await jobserv([...args, '--json'], world);
      expect(JSON.parse(stdout).files[0].diagnostics.length).toBeGreaterThan(0);
      expect(strict('validate')(stdout)).toEqual([]);
    }
  });
});
