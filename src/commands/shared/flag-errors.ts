/** What the command library says of a command line that it cannot read, as one paragraph like every other error. */
import type { CLIError } from '@oclif/core/errors';
import { nearest } from '../../lint/suggest.js';

/** The fields that its errors have, and does not declare. */
interface ParseError {
  /** Flags that there are not, with their dashes. */
  flags?: unknown;
  parse?: { input?: { flags?: Record<string, { char?: string; hidden?: boolean }> } };
}

const HELP = 'See more help with --help';

/** Other errors of that library are answered as they are. */
export function flagErrorText(error: CLIError): string {
  const { message } = error;
  const { flags, parse } = error as CLIError & ParseError;
  if (!message.endsWith(HELP)) return message;
  const said = message
    .slice(0, -HELP.length)
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(/^The following errors? occurred:/, '')
    .replace(
      /All of the following must be provided when using (--[\w-]+): (--[\w-]+(?:, --[\w-]+)*)/g,
      '$1 needs $2, too.',
    )
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  const meant = Array.isArray(flags) ? suggestion(String(flags[0]), Object.keys(parse?.input?.flags ?? {})) : '';
  return `${said}${/[.?!]$/.test(said) ? '' : '.'}${meant} --help shows what there is.`;
}

function suggestion(flag: string, known: string[]): string {
  const meant = nearest(flag.replace(/^-+/, ''), known);
  return meant === undefined ? '' : ` Did you mean --${meant}?`;
}
