/**
 * A rundef's `env` as the container gets it: what `docker run --env-file` makes of one
 * `KEY=value` a line (SPEC 3, row env). The rules are those of the docker CLI, measured
 * against it.
 */
import { RunFailure } from './ports.js';

/** The docker CLI reads the file with a line scanner of this many bytes, the line's end included. */
const LONGEST_LINE = 64 * 1024;

/** What Go calls space; the CLI cuts it off the front of a line. */
const LEADING_SPACE = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/**
 * @param env the rundef's `env`
 * @returns `KEY=value`, in order
 * @throws RunFailure(setup) for a key with a blank inside, no name at all, or a line that is too long
 */
export function containerEnv(env: Readonly<Record<string, string>>): string[] {
  const variables: string[] = [];
  for (const [index, [key, value]] of Object.entries(env).entries()) {
    const variable = envFileLine(key, value, index === 0);
    if (variable !== undefined) variables.push(variable);
  }
  return variables;
}

function envFileLine(key: string, value: string, first: boolean): string | undefined {
  if (!`${key}${value}`.isWellFormed()) throw badEnvironment(key, 'is no valid Unicode text');
  const written = `${key}=${value}`.replaceAll('\n', '\\n');
  if (Buffer.byteLength(written) + 1 > LONGEST_LINE) {
    throw badEnvironment(
      key,
      `is longer than ${LONGEST_LINE - 2} bytes, more than the container engine's client reads`,
    );
  }
  const unended = written.endsWith('\r') ? written.slice(0, -1) : written;
  const line = (first ? unended.replace(/^\ufeff/, '') : unended).replace(LEADING_SPACE, '');
  if (line === '' || line.startsWith('#')) return undefined;
  const equals = line.indexOf('=');
  const name = equals === -1 ? line : line.slice(0, equals);
  if (name === '') throw badEnvironment(key, 'has no name');
  if (/[ \t]/.test(name)) throw badEnvironment(key, 'has a blank in its name');
  return line;
}

function badEnvironment(key: string, why: string): RunFailure {
  const shown = JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
  return new RunFailure('setup', `The parameter ${shown} ${why}: no container can be given it. Rename or shorten it.`);
}
