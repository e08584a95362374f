/** The shell blocks of a page, and a shell that runs them as its reader would. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { screen } from '../support/screen.js';
import { type Ended, folderWith, installedCommand, type Running, shellInTerminal, watch } from './jobserv.js';

export interface Block {
  line: number;
  /** `console` has commands after `$ `, and what they show; `yaml` is not run. */
  language: 'sh' | 'console' | 'yaml';
  text: string;
  /** How it ends: `<!-- status 1 -->` above it. */
  status: number;
  /** A command that does not end by itself gets SIGTERM when it shows this: `<!-- status 143 after: TEXT -->`. */
  until?: string;
  /** Why it is not run: `<!-- not run: REASON -->`. */
  notRun?: string;
}

/** In their order. @throws Error for a comment above a block that says none of these */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(page, 'utf8');
  const fences = text.matchAll(/^(?:<!-- (.*) -->\n)?```(sh|console|yaml)\n([\s\S]*?)^```$/gm);
  return [...fences].map(({ 0: all, 1: comment, 2: language, 3: body = '', index }) => ({
    line: text.slice(0, index + all.indexOf('```')).split('\n').length,
    language: language as Block['language'],
    text: body,
    status: 0,
    ...(comment === undefined ? {} : meaningOf(comment, page)),
  }));
}

function meaningOf(comment: string, page: string): Partial<Block> {
  const [, notRun, status, until] = /^(?:not run: (.+)|status (\d+)(?: after: (.+))?)$/.exec(comment) ?? [];
  if (notRun !== undefined) return { notRun };
  if (status !== undefined) return { status: Number(status), ...(until === undefined ? {} : { until }) };
  throw new Error(`${page}: the comment above a block is none that its test understands: ${comment}`);
}

/** A shell's `npm` that takes the packed package where a page says `jobserv`, and has no network. */
const NPM = `npm() { local words=() word
  for word; do case $word in jobserv | jobserv@*) word=$TARBALL ;; esac; words+=("$word"); done
  [ "$1" = uninstall ] && words[2]=jobserv
  command npm --offline --no-audit --no-fund "\${words[@]}" || return
}
`;

/** Images of pages, which need a network. */
const IMAGES = ['alpine:3.20', 'debian:12', 'debian:bookworm', 'buildpack-deps:bookworm-curl'];

type Name = readonly [written: string, real: string];

/** An empty home, a prefix for npm of its own, and a shell in a new folder. */
export class Machine {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where the shell is: a block may change it. */
  cwd: string;
  readonly #names: readonly Name[];

  private constructor(home: string, cwd: string, env: NodeJS.ProcessEnv, names: readonly Name[]) {
    this.home = home;
    this.cwd = cwd;
    this.env = env;
    this.#names = names;
  }

  /**
   * @param image in the place of those of pages
   * @param files of the folder, named `blinky`
   * @param names addresses and paths of pages, and what they are here
   * @param installed whether there is a `jobserv` before a page installs it
   */
  static create(image: string, files: Record<string, string>, names: Record<string, string>, installed: boolean) {
    const home = folderWith({ '.gitconfig': '[user]\n name = t\n email = t@example.org\n' });
    const cwd = join(home, 'blinky');
    for (const [path, text] of Object.entries({ '': '', ...files })) {
      mkdirSync(dirname(join(cwd, path || '.')), { recursive: true });
      if (path) writeFileSync(join(cwd, path), text);
    }
    mkdirSync(cwd, { recursive: true });
    const prefix = join(home, '.npm-global');
    const programs = [`${prefix}/bin`, ...(installed ? [dirname(installedCommand())] : []), dirname(process.execPath)];
    const host = process.env['DOCKER_HOST'];
    const env = {
      HOME: home,
      PATH: [...programs, '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      npm_config_prefix: prefix,
      TARBALL: inject('tarball'),
      JOBSERV_IMAGE: IMAGES.map((from) => `${from}=${image}`).join(','),
      ...(host ? { DOCKER_HOST: host } : {}),
    };
    return new Machine(home, cwd, env, Object.entries({ '/srv/worker': join(home, 'worker'), ...names }));
  }

  /** Runs a block's text, in the folder where the one before it ended. */
  async run(text: string, until?: string): Promise<Ended> {
    const left = join(this.home, '.left-in');
    const program = `${NPM}trap 'pwd > ${left}' EXIT\n${this.#here(text)}`;
    const running = watch('bash', ['-e', '-o', 'pipefail', '-c', program], this);
    running.process.stdin?.end();
    if (until !== undefined) await endWhenItSays(running, until);
    const ended = await running.ended;
    if (existsSync(left)) this.cwd = readFileSync(left, 'utf8').trimEnd();
    return ended;
  }

  /** Runs a command in a terminal. @returns its status, and the lines that are left on the terminal */
  async show(command: string): Promise<{ status: number | null; lines: string[] }> {
    const { process, ended } = shellInTerminal(`stty cols 400; ${this.#here(command)}`, this);
    process.stdin?.end();
    const { status, stdout } = await ended;
    const terminal = screen(400);
    terminal.stream.write(stdout);
    return { status, lines: terminal.rows().map((line) => this.#written(line)) };
  }

  #here(text: string): string {
    return this.#names.reduce((all, [written, real]) => all.replaceAll(written, real), text);
  }

  #written(text: string): string {
    const names = this.#names.reduce((all, [written, real]) => all.replaceAll(real, written), text);
    return names.replaceAll(this.home, '~');
  }
}

/** The shell itself gets no signal: it goes on with the status of its command. */
async function endWhenItSays({ process: shell, says }: Running, text: string): Promise<void> {
  await says(text);
  const children = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').trim().split(' ');
  for (const pid of children) process.kill(Number(pid), 'SIGTERM');
}

/** The commands of a `console` block, each with the lines below it. */
export function commandsOf(block: Block): { command: string; lines: string[] }[] {
  return block.text
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = '', ...lines] = text.trimEnd().split('\n');
      return { command, lines };
    });
}

/** Lines without what differs from time to time, and how far apart the columns are. */
export const plain = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line
      .replaceAll(/\d+(\.\d+)? s\b/g, 'n s')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'date')
      .replaceAll(/\bline \d+/g, 'line n')
      .replaceAll(/sha256:[\da-f…]+/g, 'sha256:n')
      .replaceAll(/ {2,}/g, '  ')
      .trimEnd(),
  );

/** The lines that a page shows, each of which a command may have shown; `…` stands for any text or, alone, any lines. */
export function patternOf(lines: readonly string[]): RegExp {
  const escaped = plain(lines).map((line) =>
    line === '…' ? '(?:.*\n)*' : `${line.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}\n`,
  );
  return new RegExp(`^${escaped.join('')}$`);
}
