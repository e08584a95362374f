/** The worker's log: a line an event, on stderr, as text or JSON. */
import { escapeInJson } from '../lib/index.js';
import type { HttpSettings } from '../server/index.js';
import { LEVELS, type Level } from './settings.js';

/** More about an event; what is undefined is left out. Never a key, a token or a run definition. */
export type Fields = Record<string, string | number | boolean | undefined>;

export interface WorkerLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** Events below it are not written; settings may change it while the worker runs. */
  level: Level;
}

export interface LogOptions {
  format: 'text' | 'json';
  level: Level;
  write?: (line: string) => void;
  now?: () => Date;
}

export function workerLog(options: LogOptions): WorkerLog {
  const { format, write = (line) => process.stderr.write(line), now = () => new Date() } = options;
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(log.level)) return;
      const time = now().toISOString();
      write(
        `${format === 'json' ? escapeInJson(JSON.stringify({ time, level, message, ...fields })) : plain(time, level, message, fields)}\n`,
      );
    };
  const log: WorkerLog = {
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    level: options.level,
  };
  return log;
}

/** Settings of an HTTP client that reports each retry. */
export const retriesTo = (log: Pick<WorkerLog, 'warning'>): HttpSettings => ({
  onRetry: ({ message }, waitMs) => log.warning(message, { again_in_s: waitMs / 1000 }),
});

function plain(time: string, level: Level, message: string, fields: Fields): string {
  const more = Object.entries(fields).filter(([, value]) => value !== undefined);
  const said = more.map(
    ([name, value]) => ` ${name}=${/^[\w./:@-]+$/.test(String(value)) ? value : escapeInJson(JSON.stringify(value))}`,
  );
  // One event, one line: a server's or a program's words may hold anything.
  return `${time} ${level.toUpperCase().padEnd(7)} ${oneLine(message)}${said.join('')}`;
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
