import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../../src/lib/index.js';
import {
  blockMetadataService,
  distroIn,
  hostProperties,
  readJwt,
  readSettings,
  runCallback,
  systemdUnit,
  workerLog,
} from '../../../src/worker/index.js';
import { keptLog, scratchFolder, workerFolder } from './folder.js';

describe('the properties of a host', () => {
  test('are what the server asks for, as the wire has them', async () => {
    const properties = await hostProperties(await readSettings(workerFolder()));
    expect(properties).toEqual({
      name: 'w1',
      api_key: 'a#b;c!@$^&*~',
      distro: expect.stringMatching(/\S/),
      mem_total: Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024,
      cpu_total: expect.any(Number),
      cpu_type: expect.stringMatching(/^\w+$/),
      concurrent_runs: 2,
      host_tags: 'amd64,kvm',
      surges_only: false,
    });
  });

  test.each([
    ['NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', 'Debian GNU/Linux 12 (bookworm)'],
    ["PRETTY_NAME='a=b'", 'a=b'],
    ['', '?'],
  ])('name the distribution of %j', (text, name) => {
    expect(distroIn(text)).toBe(name);
  });
});

describe('a callback', () => {
  test('gets the run and what happens in its environment', async () => {
    const folder = scratchFolder();
    const script = join(folder, 'a callback');
    writeFileSync(script, `#!/bin/sh\necho "$PROJECT $BUILD $RUN $ACTION" > '${folder}/said'\nexit 7\n`);
    chmodSync(script, 0o755);
    const env = { H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'unit' };
    expect(await runCallback(script, 'RUN_START', env)).toBe(7);
    expect(readFileSync(join(folder, 'said'), 'utf8')).toBe('acme/blinky 7 unit RUN_START\n');
  });

  test('that is not there is an error', async () => {
    await expect(runCallback('/no/such/callback', 'RUN_START', {})).rejects.toThrow('is not there');
  });
});

/** Heads of the kernel's tables, and lines as `ip route add unreachable` makes them. */
const ROUTES = 'Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0101A8C0\t0003\n';
const BLOCKED = `${ROUTES}*\tFEA9FEA9\t00000000\t0205\t0\n`;
const ROUTES6 = '00000000000000000000000000000001 80 0 00 0 0 0 0 00000001 lo\n';
const BLOCKED6 = `fd000ec2000000000000000000000254 80 0 00 0 0 0 0 00200200 lo\n${ROUTES6}`;

describe('the metadata service of a cloud', () => {
  const block = async (v4: string, v6: string | undefined, status = 0) => {
    const commands: string[] = [];
    const read = async (path: string) => {
      if (!path.includes('ipv6')) return v4;
      if (v6 !== undefined) return v6;
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    };
    const run = async (command: readonly string[]) => {
      commands.push(command.join(' '));
      return status;
    };
    await blockMetadataService(keptLog().log, read, run);
    return commands;
  };

  test('is blocked on both networks', async () => {
    expect(await block(ROUTES, ROUTES6)).toEqual([
      'ip route add unreachable 169.254.169.254',
      'ip -6 route add unreachable fd00:ec2::254',
    ]);
  });

  test('is left as it is when it is blocked already', async () => {
    expect(await block(BLOCKED, BLOCKED6)).toEqual([]);
  });

  test('is not looked for where there is no IPv6', async () => {
    expect(await block(BLOCKED, undefined)).toEqual([]);
  });

  test('is blocked although another route leads there', async () => {
    expect(await block(BLOCKED.replace('0205', '0005'), BLOCKED6)).toHaveLength(1);
  });

  test('that cannot be blocked is an error: no run may begin', async () => {
    await expect(block(ROUTES, ROUTES6, 2)).rejects.toThrow(/169\.254\.169\.254 cannot be blocked: ip ended with 2/);
  });
});

describe('a token', () => {
  const jwt = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`;

  test('says the worker’s name and when it ends', () => {
    expect(readJwt(jwt({ name: 'w é', exp: 1700000000 }))).toEqual({ name: 'w é', expires: 1700000000 });
    expect(readJwt(jwt({ name: 'w' }))).toEqual({ name: 'w' });
  });

  test.each(['secret', 'a.secret.b', jwt({ sub: 'secret' }), jwt({ name: '' })])(
    'that says none is refused, not quoted: %s',
    (text) => {
      expect(() => readJwt(text)).toThrow(/^The JWT cannot be used: it does not hold the name/);
    },
  );
});

describe('the unit for systemd', () => {
  test('lets runs outlive the service, and the service start again', () => {
    const unit = systemdUnit({
      user: 'ci',
      folder: '/srv/50% of it',
      command: ['/usr/bin/node', '/opt/job serv/$x "%i"/run.js', 'worker', 'loop'],
    });
    expect(unit).toContain('\nKillMode=process\n');
    expect(unit).toContain('\nRestart=always\n');
    expect(unit).toContain('\nUser=ci\nWorkingDirectory=/srv/50%% of it\n');
    expect(unit).toContain('\nExecStart=/usr/bin/node "/opt/job serv/$$x \\"%%i\\"/run.js" worker loop\n');
    expect(unit).toContain('\nReadWritePaths="/srv/50%% of it"\n');
  });

  test.each([
    ['/srv/worker', true],
    ['/tmp/worker', false],
  ])('that is in %s is one that systemd accepts', (folder, hasOwnTmp) => {
    const unit = systemdUnit({ user: 'root', folder, command: [process.execPath, 'worker', 'loop'] });
    expect(unit.includes('PrivateTmp=yes')).toBe(hasOwnTmp);
    expect(unit).toContain('\nType=notify\nNotifyAccess=all\nWatchdogSec=5min\n');
    const analyze = findProgram('systemd-analyze');
    if (analyze === undefined)
      return console.warn('systemd-analyze is not installed: the unit was not verified with it');
    const place = scratchFolder();
    writeFileSync(join(place, 'jobserv.service'), unit);
    mkdirSync(join(place, 'jobserv.service.d'));
    copyFileSync('docs/operations/hardening.conf', join(place, 'jobserv.service.d/hardening.conf'));
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${place}:` };
    expect(spawnSync(analyze, ['verify', join(place, 'jobserv.service')], { env, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe('the log', () => {
  const logged = (format: 'text' | 'json', level: 'debug' | 'warning') => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const log = workerLog({ format, level, write, now: () => new Date(0) });
    log.info('One\nline \u001b[31m', { run: 'https://x/y', words: 'two words', none: undefined, n: 1 });
    log.error('Bad');
    return lines.join('');
  };

  test('is a line an event for people', () => {
    expect(logged('text', 'debug')).toBe(
      '1970-01-01T00:00:00.000Z INFO    One line  [31m run=https://x/y words="two words" n=1\n1970-01-01T00:00:00.000Z ERROR   Bad\n',
    );
  });

  test('is a JSON object an event for machines', () => {
    const [first] = logged('json', 'debug').split('\n');
    expect(JSON.parse(first ?? '')).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'One\nline \u001b[31m',
      run: 'https://x/y',
      words: 'two words',
      n: 1,
    });
  });

  test.each(['text', 'json'] as const)('as %s has nothing that acts on a terminal', (format) => {
    const lines: string[] = [];
    const log = workerLog({ format, level: 'info', write: (line) => lines.push(line) });
    log.error('a\u009b31m\u202eb', { run: 'http://x/\u009b31m\u2066\u200f\u007f' });
    expect(lines.join('')).not.toMatch(/[\u007f-\u009f\u200f\u202e\u2066]/);
  });

  test('leaves out what is below its level', () => {
    expect(logged('text', 'warning')).toBe('1970-01-01T00:00:00.000Z ERROR   Bad\n');
  });
});
