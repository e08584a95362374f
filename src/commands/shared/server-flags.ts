/** Flags that say to a server who asks; all commands that read from one take them. */
import * as Flags from '@oclif/core/flags';
import type { AccessRequest } from '../../simulator/inputs/server-access.js';

export const SERVER_FLAGS = {
  token: Flags.string({
    description: 'what the server knows you by; others on this host can read it, better is JOBSERV_TOKEN',
    helpValue: 'TOKEN',
  }),
  header: Flags.string({
    description: 'a header for the server; may be given often; better is JOBSERV_HEADER',
    helpValue: "'NAME: VALUE'",
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** What these flags say. Retries are told on stderr. */
export function readServerFlags(flags: { token?: string | undefined; header?: string[] | undefined }): AccessRequest {
  return {
    token: flags.token,
    headers: flags.header,
    warn: (message) => process.stderr.write(`Warning: ${message}\n`),
  };
}
