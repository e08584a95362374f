import { withoutSecrets } from './address.js';
import type { Answer, Call } from './call.js';
import { ServerFailure } from './server-failure.js';

/** JSON came, and not what a JobServ server says there. */
export function notJobserv(call: Call, { status, url }: Pick<Answer, 'status' | 'url'>): ServerFailure {
  return new ServerFailure(
    'no-jobserv',
    `Could not ${call.what} at ${withoutSecrets(url)}: the answer is not what a JobServ server says there. ` +
      'Check the address: the run of a build is at https://server/projects/PROJECT/builds/N/runs/NAME/.',
    { status },
  );
}
