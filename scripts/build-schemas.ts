/**
 * `schema/` and `types/` of the package: the JSON Schemas of definitions, of run definitions and of what `--json` prints,
 * and TypeScript declarations of the latter. Part of `npm run docs`; a test says when they are stale.
 */
import { readFileSync } from 'node:fs';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { createGenerator } from 'ts-json-schema-generator';

const RESULTS = 'src/commands/shared/json-results.ts';

/** Path below the package → text. */
export async function packageSchemas(): Promise<Map<string, string>> {
  const generated = createGenerator({
    path: RESULTS,
    tsconfig: 'tsconfig.json',
    expose: 'export',
    jsDoc: 'basic',
    skipTypeCheck: true,
    // Fields may be added within a version.
    additionalProperties: true,
  });
  const files = new Map<string, string>();
  const declarations: string[] = [];
  const seen = new Set<string>();
  for (const name of resultNames()) {
    const schema = { ...generated.createSchema(name), title: name };
    files.set(`schema/${fileName(name)}.json`, `${JSON.stringify(schema, null, 2)}\n`);
    const text = await compile(schema as JSONSchema, name, { bannerComment: '', additionalProperties: false });
    for (const part of text.split(/(?=^\/\*\*\n(?: \*.*\n)+export |^export )/m)) {
      const declared = /^export (?:interface|type) (\w+)/m.exec(part)?.[1];
      if (declared === undefined || seen.has(declared)) continue;
      seen.add(declared);
      declarations.push(part.trim());
    }
  }
  for (const document of ['definition', 'rundef'])
    files.set(`schema/${document}.json`, readFileSync(`src/schema/${document}.schema.json`, 'utf8'));
  const head = '// Written by `npm run docs`: what `jobserv … --json` prints. Fields may be added within a version.';
  files.set('types/index.d.ts', `${head}\n\n${declarations.join('\n\n')}\n`);
  return files;
}

const resultNames = (): string[] =>
  [...readFileSync(RESULTS, 'utf8').matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name = '']) => name);

/** `WorkerStatusJson` → `worker-status`. */
const fileName = (name: string): string =>
  name
    .replace(/Json$/, '')
    .replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`)
    .toLowerCase();
