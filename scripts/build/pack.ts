/**
 * One script of many: esbuild's chunks, each a function that is called when somebody first asks
 * for it. What a command does not need is then neither evaluated nor in its code cache. The
 * script's value is a function, which is to be called as `bin/run.cjs` does; it answers the first
 * words of all commands.
 */
import { relative } from 'node:path';
import { type BuildResult, type CommonOptions, transform } from 'esbuild';

/** How all that is published is written. */
export const PRINTING = {
  platform: 'node',
  target: 'node20',
  // Names stay: a stack trace of the script can be read, and V8 compiles it no slower.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
} as const satisfies CommonOptions;

/** What esbuild writes at the head of a module that has exports, when it makes it CommonJS. */
const EXPORTS =
  /^(var .*)?var stdin_exports=\{\};__export\(stdin_exports,(\{[^}]*\})\);module\.exports=__toCommonJS\(stdin_exports\);/s;
/** Says to Node which exports there are; never runs. */
const ANNOTATION = /0&&\(module\.exports=\{[^}]*\}\);\s*$/;

/**
 * `$export` defines getters, because a variable may change after it was exported. `$common` is
 * what Node makes of a CommonJS module that is imported; esbuild gives it a default export only.
 */
const LOADER = `const loaded = Object.create(null);
function $chunk(name) {
  const there = loaded[name];
  if (there !== undefined) return there;
  if (chunks[name] === undefined) throw new Error('There is no ' + name + ' in this build.');
  const exports = (loaded[name] = {});
  chunks[name](exports);
  return exports;
}
function $export(exports, getters) {
  for (const name in getters) Object.defineProperty(exports, name, { get: getters[name], enumerable: true });
}
function $common(name) {
  const { default: exports } = $chunk(name);
  return { ...exports, default: exports };
}`;

/**
 * @param root the build's `absWorkingDir`
 * @param folder what the chunks' paths are relative to, and where the script will lie
 * @param result of a build into that folder: ECMAScript modules, as esbuild's splitting makes them
 * @param entry the one that is evaluated when the script is
 * @throws Error when esbuild writes something that is not known here
 */
export async function packed(
  root: string,
  folder: string,
  { outputFiles, metafile }: BuildResult<{ metafile: true; write: false; absWorkingDir: string }>,
  entry: string,
): Promise<string> {
  const isCommonJs = (path: string) => {
    const { entryPoint = '' } = metafile.outputs[relative(root, path)] ?? {};
    return metafile.inputs[entryPoint]?.format === 'cjs';
  };
  const calls = new Map(
    outputFiles.map(({ path }) => [relative(folder, path), isCommonJs(path) ? '$common' : '$chunk']),
  );
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const name = relative(folder, path);
      return `${JSON.stringify(name)}(exports){${asFunctionBody(await asCommonJs(text), name, calls)}}`;
    }),
  );
  return `(function (require, __filename, __dirname) {
${LOADER}
const chunks = {
${chunks.join(',\n')}
};
$chunk(${JSON.stringify(entry)});
return ${JSON.stringify(firstWords([...calls.keys()]))};
})
`;
}

/** `rundef` of `commands/rundef/create.js` */
function firstWords(names: string[]): string[] {
  const words = names.map((name) => /^commands\/([\w-]+)/.exec(name)?.[1]);
  return [...new Set(words.filter((word) => word !== undefined))];
}

async function asCommonJs(text: string): Promise<string> {
  const { code } = await transform(text, {
    ...PRINTING,
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    supported: { 'dynamic-import': false },
  });
  return code;
}

/** @param calls path of a chunk → the function to call for it */
function asFunctionBody(code: string, name: string, calls: ReadonlyMap<string, string>): string {
  const linked = code
    // Asks for chunks instead of files; they have the shape of modules already.
    .replace(/\brequire\("(\.[^"]*)"\)/g, (call, path: string) => {
      const target = new URL(path, `file:///${name}`).pathname.slice(1);
      return calls.has(target) ? `${calls.get(target)}(${JSON.stringify(target)})` : call;
    })
    .replace(/\b__toESM\((\$(?:chunk|common)\("[^"]*"\))(?:,1)?\)/g, '$1')
    .replace(ANNOTATION, '');
  const [head, helpers = '', getters] = EXPORTS.exec(linked) ?? [''];
  const body = linked.slice(head.length);
  if (/\bmodule\.exports=__toCommonJS\b/.test(body)) {
    throw new Error(`${name}: exports in a form that is not known; mend scripts/build/pack.ts.`);
  }
  const needed = /\b__(toESM|toCommonJS|copyProps|export)\(/.test(body) ? helpers : '';
  return `${needed}${getters === undefined ? '' : `$export(exports,${getters});`}${body}`;
}
