/** Puts credentials where git finds them: files of a run's HOME that only their owner reads. */
import { join } from 'node:path';
import type { Log } from '../executor/ports.js';
import { basicAuthorization, type CredentialInputs, gitConfig, gitlabCredentials, isHttp } from './credentials.js';
import { writePrivate } from './files.js';
import { probe } from './probe.js';

/** Writes `.gitconfig` of a run's HOME, asking the server first whether GitLab's credentials are for it. */
export async function writeCredentials(
  inputs: CredentialInputs,
  options: { home: string; log: Log; signal: AbortSignal },
): Promise<void> {
  const gitlab = gitlabCredentials(inputs);
  const accepted =
    gitlab !== undefined &&
    isHttp(inputs.cloneUrl) &&
    (await probe(inputs.cloneUrl, basicAuthorization(`${gitlab.user}:${gitlab.token}`, 'gitlabtok'), options));
  const { text, uses } = gitConfig(inputs, accepted);
  await writePrivate(join(options.home, '.gitconfig'), text);
  for (const use of uses) await options.log.info(`Credentials: ${use}`);
}
