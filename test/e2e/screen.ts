/** The installed command on a screen that can be looked at, and be made larger or smaller: a session of tmux. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import type { World } from './definition.js';
import { installedCommand } from './jobserv.js';

export interface TmuxScreen {
  /** The lines that are not empty; one that wraps is one line. */
  rows(): string[];
  /** Resolves when a row matches. */
  shows(pattern: RegExp): Promise<void>;
  /** Types keys by tmux's names: `C-c`, `Enter`, `q`. */
  press(key: string): void;
  resize(columns: number): void;
  close(): void;
}

/** The command's exit status stands on the screen when it has ended: `status: 0`. */
export function onScreen(args: string[], world: World, size: { columns: number; rows: number }): TmuxScreen {
  const socket = `jobserv-test-${randomBytes(6).toString('hex')}`;
  const tmux = (...words: string[]) =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], { encoding: 'utf8' });
  const quoted = [installedCommand(), ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const env = Object.entries(world.env).map(([name, value]) => `${name}='${value}'`);
  // The trap keeps the shell: Ctrl-C goes to it too.
  const command = `trap : INT; cd '${world.cwd}'; ${env.join(' ')} ${quoted}; echo "status: $?"; exec sleep 600`;
  tmux('new-session', '-d', '-x', `${size.columns}`, '-y', `${size.rows}`, 'sh', '-c', command);
  const rows = () =>
    tmux('capture-pane', '-J', '-p')
      .split('\n')
      .map((row) => row.trimEnd())
      .filter((row) => row !== '');
  return {
    rows,
    shows: (pattern) =>
      vi.waitFor(
        () => {
          const now = rows();
          if (!now.some((row) => pattern.test(row))) throw new Error(`no row matches ${pattern}:\n${now.join('\n')}`);
        },
        { timeout: 100_000, interval: 100 },
      ),
    press: (key) => void tmux('send-keys', key),
    resize: (columns) => void tmux('resize-window', '-x', `${columns}`),
    close: () => void spawnSync('tmux', ['-L', socket, 'kill-server']),
  };
}
