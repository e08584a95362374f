/** The same engine over Podman's API; where there is no podman, there is nothing to test. */
import { afterAll, describe, expect, it } from 'vitest';
import { connectEngine } from '../../src/docker/index.js';
import { runToEnd, shell } from '../support/containers.js';
import { describeEngine } from '../support/engine-suite.js';
import { hasPodman, PodmanService } from '../support/podman.js';

const installed = await hasPodman();
let starting: Promise<PodmanService> | undefined;

async function connect(logDriver: 'none' | 'local' = 'none') {
  starting ??= PodmanService.start();
  const { address } = await starting;
  return connectEngine({ logDriver, surroundings: { env: { DOCKER_HOST: address } } });
}

afterAll(async () => (await starting)?.stop());

if (installed) {
  describeEngine('podman', connect);
  describe('on podman', () => {
    it('keeps a log in the engine where one is asked for', async () => {
      const { exit, output } = await runToEnd(await connect('local'), await shell('echo kept; exit 2'));
      expect({ code: exit.exitCode, output: output.toString() }).toEqual({ code: 2, output: 'kept\n' });
    });
  });
} else {
  describe('on podman', () => {
    it('is not installed here', () => expect(installed).toBe(false));
  });
}
