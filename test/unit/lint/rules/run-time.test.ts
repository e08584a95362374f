import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, otherRun, otherTrigger, place, summary } from './findings.js';

/** Rules about what only a worker or an engine would find out. */

const run = (lines: string) => definition({ run: lines });
/** Severity of the only finding, and what is under its caret. */
function one(text: string): [string, string] {
  const [finding] = findings(text);
  expect(summary(text)).toHaveLength(1);
  return [finding?.severity ?? '', summary(text)[0] ?? ''];
}

describe('mount-path', () => {
  const volume = (path: string, kind = 'persistent') => run(`${kind}-volumes:\n  v: ${path}`);

  it.each([
    ['relative', volume('ccache'), 'error', 'ccache'],
    ['with a tilde', volume('~/x'), 'error', '~/x'],
    ['with a variable', volume('$HOME/x'), 'error', '$HOME/x'],
    ['empty', volume("''"), 'error', "''"],
    ['the root', volume('/'), 'error', '/'],
    ['the root, spelt otherwise', volume('/a/..'), 'error', '/a/..'],
    ['over the secrets', volume('/secrets'), 'error', '/secrets'],
    ['over the archive, with a slash behind', volume('/archive/'), 'error', '/archive/'],
    ['over the netrc', volume('/root/.netrc'), 'error', '/root/.netrc'],
    ['in the archive', volume('/archive/logs'), 'warning', '/archive/logs'],
    [
      'over the certificates',
      volume('/usr/local/share/ca-certificates'),
      'warning',
      '/usr/local/share/ca-certificates',
    ],
    ['an unknown mode', volume('/v:readonly'), 'error', '/v:readonly'],
    ['a mode for a shared one', volume('/v:ro', 'shared'), 'error', '/v:ro'],
    ['a mode for volumes of Docker', volume('/v:nocopy'), 'error', '/v:nocopy'],
    ['a mode twice', volume('/v:ro,ro'), 'error', '/v:ro,ro'],
    ['two modes of which one excludes the other', volume('/v:ro,rw'), 'error', '/v:ro,rw'],
    ['two labels', volume('/v:z,Z'), 'error', '/v:z,Z'],
    ['the kernel', volume('/proc/x'), 'error', '/proc/x'],
    ['the kernel, with a shared one', volume('/proc/net/dev', 'shared'), 'error', '/proc/net/dev'],
    ['a folder over a file of the kernel', volume('/proc/meminfo'), 'error', '/proc/meminfo'],
  ])('%s', (_, text, severity, under) => {
    expect(one(text)).toEqual([severity, `mount-path 11:14 ${under}`]);
    expect(check(text).accepted).toBe(true);
  });

  it('two volumes at one place, however it is spelt', () => {
    const text = run('persistent-volumes: { a: /v }\nshared-volumes: { b: /v/. }');
    expect(summary(text)).toEqual(['mount-path 11:30 /v/.']);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 10, column: 34 }]);
  });

  it('/repo, in runs that get a clone, also by way of the trigger that starts them', () => {
    expect(summary(run('persistent-volumes: { v: /repo }'))).toEqual([]);
    const pr = definition({ type: 'github_pr', run: 'persistent-volumes: { v: /repo }' });
    expect(summary(pr)).toEqual(['mount-path 10:34 /repo']);
    const started = definition({
      run: 'persistent-volumes: { v: /repo }',
      triggers: otherTrigger(
        'pr',
        '- name: first\n  container: alpine:3.20\n  host-tag: amd64\n  script: build\n  triggers: [{ name: main }]\n',
        '',
        'github_pr',
      ),
    });
    expect(summary(started)).toEqual(['mount-path 10:34 /repo']);
  });

  it('a volume whose name leads out of its folder', () => {
    expect(one(run("persistent-volumes:\n  '..': /v"))).toEqual(['warning', "mount-path 11:11 '..'"]);
  });

  it.each([
    ['data/x', '/data/x'],
    ['./data', '/data'],
    ['../data/x', '/data/x'],
    ['./cache:/cache', '/cache'],
    ['~/x/y', '/x/y'],
    ['$HOME/x', '/x'],
    ['$CCACHE', '/ccache'],
    ["'~'", '/ccache'],
  ])('of %s it suggests %s', (path, better) => {
    expect(findings(volume(path))[0]?.help).toContain(`such as \`${better}\`.`);
  });

  it.each(['cpuinfo', 'meminfo', 'loadavg', 'sys/kernel/ns_last_pid'])('not: a file over /proc/%s', (file) => {
    expect(summary(volume(`/proc/${file}`, 'shared'))).toEqual([]);
  });

  it.each(['/v:ro', '/v:z,rw', '/v:consistent,ro,rprivate', '/archive-old', '/secrets2', '/root'])(
    'not: %s',
    (path) => {
      expect(summary(volume(path))).toEqual([]);
    },
  );
});

describe('invalid-param-name', () => {
  it.each([
    ["'A B'", 'error'],
    ["''", 'error'],
    ["'=x'", 'error'],
    ["'#A'", 'warning'],
    ["'A=B'", 'warning'],
    ["' A'", 'warning'],
    ['my-param', 'info'],
    ["'1ST'", 'info'],
  ])('%s', (name, severity) => {
    expect(one(run(`params:\n  ${name}: x`))).toEqual([severity, `invalid-param-name 11:11 ${name}`]);
  });

  it('of the definition, of a trigger, and of a loop', () => {
    const loop = 'loop-on: [{ param: A B, values: [x] }]';
    const text = definition({ top: 'params: { a-b: x }', trigger: 'params: { c-d: x }', run: loop }).replace(
      'name: build',
      'name: build-{loop}',
    );
    expect(summary(text)).toEqual([
      'invalid-param-name 2:11 a-b',
      'invalid-param-name 6:15 c-d',
      'invalid-param-name 12:28 A B',
    ]);
  });

  it.each(['A', '_a9', 'PATH'])('not: %s', (name) => {
    expect(summary(run(`params: { ${name}: x }`))).toEqual([]);
  });
});

describe('reserved-param', () => {
  it.each(['H_PROJECT', 'H_BUILD', 'H_RUN', 'H_RUN_URL', 'H_WORKER'])('%s, anywhere', (name) => {
    expect(summary(definition({ top: `params: { ${name}: x }` }))).toEqual([`reserved-param 2:11 ${name}`]);
  });

  it('what a trigger sets, in its runs', () => {
    expect(summary(definition({ type: 'github_pr', run: 'params: { GIT_SHA: x, GH_PRNUM: x, OTHER: x }' }))).toEqual([
      'reserved-param 10:19 GIT_SHA',
      'reserved-param 10:31 GH_PRNUM',
    ]);
    expect(summary(run('params: { GIT_SHA: x }'))).toEqual([]);
  });
});

describe('unknown-capability and dangerous-capability', () => {
  it('says which one is meant', () => {
    const [finding] = findings(run('cap-drop: [NET_ADMN]'));
    expect(finding).toMatchObject({ rule: 'unknown-capability', severity: 'error', server: 'fails' });
    expect(finding?.help).toBe('Did you mean `NET_ADMIN`?');
  });

  it.each(['sys_nice', 'CAP_SYS_NICE', 'cap_net_raw', 'ALL', 'all'])('%s is one', (name) => {
    expect(findings(run(`cap-drop: [${name}]`))).toEqual([]);
  });

  it('CAP_ALL is none', () => {
    expect(summary(run('cap-add: [CAP_ALL]'))).toEqual(['unknown-capability 10:19 CAP_ALL']);
  });

  it('tells of a dangerous one that is added, not of one that is dropped', () => {
    expect(summary(run('cap-add: [sys_admin, ALL]\ncap-drop: [SYS_MODULE]'))).toEqual([
      'dangerous-capability 10:19 sys_admin',
      'dangerous-capability 10:30 ALL',
    ]);
  });

  it('beside privileged it adds nothing', () => {
    expect(summary(run('privileged: true\ncap-add: [SYS_ADMIN]'))).toEqual(['privileged 10:21 true']);
  });
});

describe('image-reference', () => {
  const image = (name: string) => definition().replace('registry.example.org/sdk:12', name);

  it.each([
    ['docker://alpine:3.20', 'Write `alpine:3.20`.'],
    ['Registry.example.org/SDK:12', 'Write `registry.example.org/sdk:12`.'],
    ["' alpine:3.20'", 'Write `alpine:3.20`.'],
    ["'alpine:'", 'Write it as `[registry/]name[:tag]`, the name in lower case.'],
    ["''", 'Write it as `[registry/]name[:tag]`, the name in lower case.'],
    ['a'.repeat(64), 'This is the id of an image, which only the machine that has the image knows; name the image.'],
    [`alpine@sha256:${'A'.repeat(64)}`, `Write \`alpine@sha256:${'a'.repeat(64)}\`.`],
    [
      `alpine@sha256:${'a'.repeat(63)}`,
      'A digest is `sha256:` and 64 digits of 0-9 and a-f; take it from `docker images --digests`.',
    ],
    ['a'.repeat(256), 'A name has at most 255 characters, the registry among them.'],
  ])('%s is none', (name, help) => {
    const [finding] = findings(image(name));
    expect(finding).toMatchObject({ rule: 'image-reference', severity: 'error', server: 'fails', help });
  });

  it('says what Docker makes of a name whose first part is no host, though it looks like one', () => {
    const [finding, ...others] = findings(image('x_y.z/w:1'));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'image-reference', severity: 'error', server: 'fails' });
    expect(finding?.message).toBe(
      '`x_y.z` cannot be the host of a registry, so Docker has none to pull this image from.',
    );
  });

  it.each(['alpine', 'alpine:latest', 'localhost:5000/a/b'])('%s is another one every day: a hint', (name) => {
    expect(findings(image(name))).toMatchObject([{ rule: 'image-reference', severity: 'info', server: 'accepts' }]);
  });

  it('is one finding for all images without a tag, at the first, with the others as related places', () => {
    const triggers = otherTrigger('two', otherRun('a').replace('registry.example.org/sdk:12', 'alpine'));
    const others = otherTrigger('three', otherRun('b').replace('registry.example.org/sdk:12', 'debian:latest'));
    const text = definition({ triggers: `${triggers}${others}` }).replace('registry.example.org/sdk:12', 'alpine');
    expect(summary(text)).toEqual(['image-reference 7:20 alpine']);
    const [found] = findings(text);
    expect(found?.message).toMatch(/^2 images have no tag/);
    expect(found?.related?.map((related) => place(text, related))).toEqual(['21:20 debian:latest']);
  });

  it.each([`alpine@sha256:${'a'.repeat(64)}`, 'registry.example.org:5000/a/b_c__d:v1.2-3'])('not: %s', (name) => {
    expect(summary(image(name))).toEqual([]);
  });
});

describe('container-auth-registry', () => {
  it.each(['acme/sdk:1', 'docker.io/acme/sdk:1', 'alpine:3.20'])('%s is of Docker Hub', (name) => {
    const text = run('container-auth: auth').replace('registry.example.org/sdk:12', name);
    expect(findings(text)).toMatchObject([{ rule: 'container-auth-registry', related: [{ line: 10 }] }]);
  });

  it.each(['registry.example.org/a:1', 'localhost/a:1', 'host:5000/a:1'])('not: %s', (name) => {
    expect(summary(run('container-auth: auth').replace('registry.example.org/sdk:12', name))).toEqual([]);
  });
});

describe('timeout-value', () => {
  const timeout = (minutes: string) => definition().replace('timeout: 30', `timeout: ${minutes}`);

  it.each([
    ['0', 'warning', 'misbehaves'],
    ['-5', 'warning', 'misbehaves'],
    ['721', 'warning', 'misbehaves'],
    ['35791395', 'error', 'fails'],
    ['99999999999999999999', 'error', 'fails'],
  ])('%s', (minutes, severity, server) => {
    expect(findings(timeout(minutes))).toMatchObject([
      { rule: 'timeout-value', severity, server, line: 1, column: 10 },
    ]);
  });

  it.each(['1', '720'])('not: %s', (minutes) => {
    expect(summary(timeout(minutes))).toEqual([]);
  });
});

describe('privileged', () => {
  const text = definition({
    run: 'privileged: true',
    triggers: otherTrigger('two', otherRun('b', 'privileged: true') + otherRun('c', 'privileged: true')),
  });

  it('is one hint a file, with the other runs as related places', () => {
    const found = findings(text);
    expect(found.map(({ rule, severity }) => [rule, severity])).toEqual([['privileged', 'info']]);
    expect(found[0]?.message).toMatch(/^3 privileged runs/);
    expect(found[0]?.related?.map((related) => place(text, related))).toEqual(['18:21 true', '23:21 true']);
  });

  it('is silenced run by run', () => {
    const quiet = text.replace('privileged: true', 'privileged: true # jobserv: ignore[privileged] flashes');
    expect(findings(quiet)[0]?.message).toMatch(/^2 privileged runs/);
  });
});
