import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CodeActionRequest,
  CompletionRequest,
  DefinitionRequest,
  type Diagnostic,
  type DocumentSymbol,
  DocumentSymbolRequest,
  FoldingRangeRequest,
  HoverRequest,
  type Location,
  PrepareRenameRequest,
  ReferencesRequest,
  RenameRequest,
  type TextEdit,
} from 'vscode-languageserver-protocol/node';
import { Editor } from './editor.js';
import { folderWith, jobserv } from './jobserv.js';

const TEN_MISTAKES = `tiemout: 30 # 🎉 minutes
params: { PYTHON: 3.10 }
triggers:
  - name: main
    type: git-poller
    params: { GIT_ULR: https://git.example.org/a.git, GIT_POLL_REFS: refs/heads/main }
    email: { user: 🎉@example.org }
    triggers: [{ name: niightly }]
    runs:
      - { name: build-🎉, container: "alpine:3.20", hostTag: amd64, script: "biuld", cap-add: [NET_AMDIN] }
  - name: nightly
    type: simpel
    runs:
      - name: test-{loop}
        container: alpine:3.20
        host-tag: amd64
        script: build
        loop-on: [{ param: BOARD, values: [nrf52, stm32] }]
scripts:
  build: |
    #!/bin/sh -e
    echo "🎉"
`;
const REPAIRED = TEN_MISTAKES.replace('tiemout', 'timeout')
  .replace('3.10', '"3.10"')
  .replace('git-poller', 'git_poller')
  .replace('GIT_ULR', 'GIT_URL')
  .replace('user:', 'users:')
  .replace('niightly', 'nightly')
  .replace('hostTag', 'host-tag')
  .replace('"biuld"', '"build"')
  .replace('NET_AMDIN', 'NET_ADMIN')
  .replace('simpel', 'simple');

let editor: Editor;
const open = async (text: string, { name = '.jobserv.yml', files = {}, env = {} } = {}) => {
  editor = await Editor.open(folderWith(files), name, text, env);
  return editor;
};
afterEach(async () => {
  expect(await editor.close()).toBe(0);
});

const rules = (diagnostics: Diagnostic[]) => diagnostics.map(({ code }) => code);

it('a session: ten mistakes are repaired by code actions, a script is renamed, and nothing is left to mend', async () => {
  await open(TEN_MISTAKES);
  const repaired: Diagnostic['code'][] = [];
  for (let [first] = await editor.diagnostics(); first !== undefined; [first] = await editor.diagnostics()) {
    const [action] = await editor.actions(first);
    expect(action?.edit, String(first.message)).toBeDefined();
    await editor.edit(action?.edit?.changes?.[editor.textDocument.uri] ?? []);
    repaired.push(first.code);
  }
  expect(repaired).toHaveLength(10);
  expect(editor.text).toBe(REPAIRED);
  expect(rules(await editor.diagnostics())).toEqual([]);
  const { textDocument } = editor;
  const position = editor.position('  build: |', 'build');
  const renamed = await editor.connection.sendRequest(RenameRequest.type, {
    textDocument,
    position,
    newName: 'make all',
  });
  await editor.edit(renamed?.changes?.[textDocument.uri] ?? []);
  expect(editor.text).toBe(
    REPAIRED.replace('script: "build"', 'script: "make all"')
      .replace('script: build', 'script: make all')
      .replace('  build: |', '  make all: |'),
  );
  expect(await editor.diagnostics()).toEqual([]);
  expect((await jobserv(['validate', '-'], { input: editor.text })).status).toBe(0);
});

describe('diagnostics', () => {
  it('follow what is typed, and are those of validate, at their places', async () => {
    await open(REPAIRED);
    expect(await editor.diagnostics()).toEqual([]);
    await editor.replace('script: "build"', 'script: "🎉 build"');
    const [found] = await editor.diagnostics();
    expect(found).toMatchObject({ code: 'unknown-script', source: 'jobserv', severity: 1 });
    expect(editor.at(found?.range as TextEdit['range'])).toBe('"🎉 build"');
    const { stdout } = await jobserv(['validate', '--json', '-'], { input: editor.text });
    const [{ message, help }] = JSON.parse(stdout).files[0].diagnostics;
    expect(found?.message).toBe(`${message}\n${help}`);
    await editor.replace('🎉 build', 'build');
    expect(await editor.diagnostics()).toEqual([]);
  });

  it('follow the configuration of the repository, and say what is wrong with it', async () => {
    const folder = folderWith({ '.git/HEAD': 'ref: refs/heads/main\n', '.jobserv-lint.yml': 'host-tags: [amd64]\n' });
    const text = REPAIRED.replaceAll('host-tag: amd64', 'host-tag: arm64');
    editor = await Editor.open(folder, 'ci/.jobserv.yml', text);
    expect(rules(await editor.diagnostics())).toEqual(['unknown-host-tag', 'unknown-host-tag']);
    const config = join(folder, '.jobserv-lint.yml');
    expect(await editor.watchers).toContainEqual({ globPattern: '**/.jobserv-lint.yml' });
    writeFileSync(config, 'host-tags: [arm64]\n');
    await editor.changedOutside(config);
    expect(await editor.diagnostics()).toEqual([]);
    writeFileSync(config, 'host-tag: [arm64]\n');
    await editor.save();
    expect(rules(await editor.diagnostics())).toEqual(['lint-config']);
  });

  it('follow the configuration of the folder that the definition lies in, of several that are open', async () => {
    const folder = folderWith({ '.jobserv-lint.yml': 'host-tags: [arm64]\n' });
    editor = await Editor.open(folder, 'ci/.jobserv.yml', REPAIRED, {}, [folderWith({})]);
    expect(rules(await editor.diagnostics())).toEqual(['unknown-host-tag', 'unknown-host-tag']);
  });

  it('of the configuration itself while it is typed', async () => {
    await open('rules: { unused-scirpt: off }\n', { name: '.jobserv-lint.yml' });
    expect((await editor.diagnostics())[0]?.message).toContain('Did you mean `unused-script`?');
  });

  it('of other YAML files there are none, until they are definitions', async () => {
    await open('timeout: a\n', { name: 'compose.yml' });
    expect(await editor.diagnostics()).toEqual([]);
    await editor.replace('timeout: a\n', 'timeout: a\ntriggers: []\n');
    expect(rules(await editor.diagnostics())).toContain('wrong-type');
  });

  it('of a text that validate refuses to read are one', async () => {
    await open(`${REPAIRED}# ${'x'.repeat(5 << 20)}`);
    expect(rules(await editor.diagnostics())).toEqual(['too-large']);
  });

  it('say that a script has what shellcheck finds, where that is on PATH', async () => {
    const folder = folderWith({
      'bin/shellcheck': `#!/bin/sh
cat > /dev/null
echo '{"comments":[{"line":2,"column":6,"endLine":2,"endColumn":9,"code":2086,"message":"Double quote."}]}'
exit 1
`,
    });
    chmodSync(join(folder, 'bin/shellcheck'), 0o755);
    editor = await Editor.open(folder, '.jobserv.yml', REPAIRED, { PATH: `${folder}/bin:${process.env['PATH']}` });
    const [found] = await editor.diagnostics((all) => all.length > 0);
    expect(found?.message).toContain('shellcheck: Double quote. (SC2086)');
    expect(editor.at(found?.range as TextEdit['range'])).toBe('"🎉"');
  });
});

describe('a definition that is open', () => {
  it('describes rules and keys', async () => {
    await open(TEN_MISTAKES);
    const hover = async (text: string, part?: string) =>
      JSON.stringify(
        await editor.connection.sendRequest(HoverRequest.type, {
          textDocument: editor.textDocument,
          position: editor.position(text, part),
        }),
      );
    const { why } = JSON.parse((await jobserv(['explain', '--json', 'unknown-script'])).stdout).rules[0];
    expect(await hover('"biuld"')).toContain(JSON.stringify(why).slice(1, -1));
    expect(await hover('loop-on')).toContain('Makes one run of each combination of the values');
    expect(await hover('#!/bin/sh')).toBe('null');
  });

  it('completes names and keys, also where it cannot be read', async () => {
    const files = { '.jobserv-lint.yml': 'secrets: [githubtok]\nhost-tags: [riscv]\n' };
    await open(REPAIRED, { files });
    const labels = async (text: string) => {
      const position = editor.position(text);
      const list = await editor.connection.sendRequest(CompletionRequest.type, {
        textDocument: editor.textDocument,
        position: { ...position, character: position.character + text.length },
      });
      return (Array.isArray(list) ? list : (list?.items ?? [])).map(({ label }) => label);
    };
    expect(await labels('type: s')).toEqual(['git_poller', 'github_pr', 'gitlab_mr', 'simple']);
    expect(await labels('        script: bu')).toEqual(['build']);
    expect(await labels('triggers: [{ name: n')).toEqual(['main', 'nightly']);
    expect(await labels('        host-tag: a')).toEqual(['riscv', 'amd64']);
    await editor.replace('        script: build\n', '        container-auth: \n        script: build\n        pers\n');
    expect(rules(await editor.diagnostics())).toEqual(['yaml-syntax']);
    expect(await labels('        pers')).toEqual(expect.arrayContaining(['persistent-volumes', 'shared-volumes']));
    expect(await labels('        pers')).not.toContain('container');
    await editor.replace('        pers\n', '');
    expect(await labels('container-auth: ')).toEqual(['githubtok']);
  });

  it('leads from a name to its place and back, and renames triggers', async () => {
    await open(REPAIRED);
    const at = (text: string, part: string) => ({
      textDocument: editor.textDocument,
      position: editor.position(text, part),
    });
    const lines = (found: unknown) => [found as Location[]].flat().map(({ range }) => range.start.line);
    const { connection } = editor;
    expect(lines(await connection.sendRequest(DefinitionRequest.type, at('script: build', 'build')))).toEqual([19]);
    expect(lines(await connection.sendRequest(DefinitionRequest.type, at('{ name: nightly', 'nightly')))).toEqual([10]);
    const context = { includeDeclaration: true };
    const references = { ...at('  build: |', 'build'), context };
    expect(lines(await connection.sendRequest(ReferencesRequest.type, references))).toEqual([19, 9, 16]);
    const trigger = at('- name: nightly', 'nightly');
    expect(await connection.sendRequest(PrepareRenameRequest.type, trigger)).toMatchObject({ placeholder: 'nightly' });
    const newName = 'main';
    await expect(connection.sendRequest(RenameRequest.type, { ...trigger, newName })).rejects.toThrow(
      'There is a trigger `main` already.',
    );
    const renamed = await connection.sendRequest(RenameRequest.type, { ...trigger, newName: 'weekly' });
    await editor.edit(renamed?.changes?.[editor.textDocument.uri] ?? []);
    expect(editor.text).toBe(REPAIRED.replaceAll('nightly', 'weekly'));
  });

  it('has an outline with the loops expanded, which stays while the text cannot be read; and folds', async () => {
    await open(REPAIRED);
    const outline = async () => {
      const { textDocument } = editor;
      const symbols = (await editor.connection.sendRequest(DocumentSymbolRequest.type, { textDocument })) ?? [];
      const names = ({ name, children }: DocumentSymbol): unknown =>
        children?.length ? [name, children.map(names)] : name;
      return (symbols as DocumentSymbol[]).map(names);
    };
    const expected = [['main', ['build-🎉']], ['nightly', [['test-{loop}', ['test-nrf52', 'test-stm32']]]], 'build'];
    expect(await outline()).toEqual(expected);
    await editor.replace('type: simple', 'type: [simple');
    expect(rules(await editor.diagnostics())).toEqual(['yaml-syntax']);
    expect(await outline()).toEqual(expected);
    const folds = await editor.connection.sendRequest(FoldingRangeRequest.type, { textDocument: editor.textDocument });
    expect(folds).toContainEqual({ startLine: 18, endLine: 21 });
  });

  it('is repaired as validate --fix does, when the editor saves', async () => {
    await open(TEN_MISTAKES);
    const actions = await editor.connection.sendRequest(CodeActionRequest.type, {
      textDocument: editor.textDocument,
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only: ['source.fixAll'] },
    });
    const [action] = actions ?? [];
    const edits = action && 'edit' in action ? action.edit?.changes?.[editor.textDocument.uri] : undefined;
    await editor.edit(edits ?? []);
    expect(editor.text).toBe((await jobserv(['validate', '--fix', '-'], { input: TEN_MISTAKES })).stdout);
    expect(editor.text).not.toBe(TEN_MISTAKES);
  });
});

describe("in a stranger's repository", () => {
  const REPOSITORY = { '.git/HEAD': 'ref: refs/heads/main\n' };

  it('starts no program of it', async () => {
    const program = (name: string) => `#!/bin/sh\ntouch ${name}-was-started\n`;
    const programs = ['bin/shellcheck', 'node_modules/.bin/shellcheck', 'node_modules/.bin/git', 'shellcheck', 'git'];
    const folder = folderWith({
      ...REPOSITORY,
      '.git/config': '[core]\n\tfsmonitor = touch fsmonitor-was-started\n\tpager = touch pager-was-started\n',
      '.git/hooks/post-index-change': program('hook'),
      ...Object.fromEntries(programs.map((path) => [path, program(path.replaceAll('/', '-'))])),
    });
    execFileSync('chmod', ['+x', '.git/hooks/post-index-change', ...programs], { cwd: folder });
    const path = `.:bin:node_modules/.bin:${process.env['PATH']}`;
    editor = await Editor.open(folder, '.jobserv.yml', TEN_MISTAKES, { PATH: path });
    expect(rules(await editor.diagnostics())).toContain('unknown-script');
    await editor.save();
    expect(rules(await editor.diagnostics())).toContain('unknown-script');
    const started = execFileSync('find', [folder, '-name', '*-was-started'], { encoding: 'utf8' });
    expect(started).toBe('');
  });

  it.each([
    ['a pipe', (file: string) => execFileSync('mkfifo', [file])],
    ['a device', (file: string) => symlinkSync('/dev/zero', file)],
    ['a link out of the repository', (file: string) => symlinkSync('/etc/passwd', file)],
    ['a large file', (file: string) => writeFileSync(file, '#'.repeat(6 << 20))],
  ])('does not read a configuration that is %s, and checks all the same', async (_, make) => {
    const folder = folderWith(REPOSITORY);
    make(join(folder, '.jobserv-lint.yml'));
    editor = await Editor.open(folder, '.jobserv.yml', TEN_MISTAKES);
    const found = await editor.diagnostics();
    expect(rules(found)).toEqual(expect.arrayContaining(['lint-config', 'unknown-script']));
    expect(found[0]?.message).toMatch(/^\.jobserv-lint\.yml cannot be read: /);
    expect(JSON.stringify(found)).not.toContain('root:');
  });

  it('goes on after a request about a document that it does not have', async () => {
    await open(REPAIRED);
    const position = { line: 999, character: 999 };
    const { connection, textDocument } = editor;
    expect(
      await connection.sendRequest(HoverRequest.type, { textDocument: { uri: 'file:///none' }, position }),
    ).toBeNull();
    expect(await connection.sendRequest(HoverRequest.type, { textDocument, position })).toBeNull();
    expect(await connection.sendRequest(CompletionRequest.type, { textDocument, position })).toEqual(expect.any(Array));
    expect(await editor.diagnostics()).toEqual([]);
  });
});
