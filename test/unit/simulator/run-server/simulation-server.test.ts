import { afterEach, describe, expect, it, vi } from 'vitest';
import { inBuild, NOWHERE, SimulationServer } from '../../../../src/simulator/index.js';
import { plannedRun } from '../../../support/runs.js';

const address = vi.fn(async () => ({ listen: '127.0.0.1', name: '127.0.0.1' }));
let server = new SimulationServer({ hostAddress: address });

afterEach(async () => {
  await server.stop();
  server = new SimulationServer({ hostAddress: address });
  address.mockClear();
});

const run = (script: string, more: object = {}, url = `${NOWHERE}/projects/acme/unit/builds/1/runs/a/`) => {
  const env = { H_BUILD: '1', H_RUN: 'a', H_RUN_URL: url };
  const madeUp = { '.netrc': 'x', H_RUN_URL: 'x', H_WORKER: 'x' };
  return { ...plannedRun('a', { script, run_url: url, api_key: 'k', env, secrets: {} }), madeUp, ...more };
};

describe('the runs of a build', () => {
  it('are in the order in which they were planned; one takes the place of an earlier one of its name, as the last', () => {
    const { build } = plannedRun('a');
    inBuild(plannedRun('b'), build);
    const again = inBuild(plannedRun('a'), build);
    expect([...build.values()].map(({ name }) => name)).toEqual(['b', 'a']);
    expect([...build.values()].at(-1)).toBe(again.served);
  });
});

describe('the server of a simulation', () => {
  it.each(['echo hello', 'curl -fsS https://example.org/x', 'wget https://example.org/nothing'])(
    'is not started for %s',
    async (script) => {
      expect(await server.serve(run(script))).toBeUndefined();
      expect(address).not.toHaveBeenCalled();
    },
  );

  it.each(['curl "$H_RUN_URL"', 'wget "$H_TRIGGER_URL"x', 'curl -sn https://h/', 'cat /root/.netrc'])(
    'is started for %s, once',
    async (script) => {
      const [one, two] = [await server.serve(run(script)), await server.serve(run(script))];
      expect(one?.rundef.run_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/projects\/acme\/unit\/builds\/1\/runs\/a\/$/);
      expect(one?.rundef.env['H_RUN_URL']).toBe(one?.rundef.run_url);
      expect({ machine: one?.machine, madeUp: one?.madeUp }).toEqual({
        machine: '127.0.0.1',
        madeUp: { H_WORKER: 'x' },
      });
      expect(one?.rundef.api_key).not.toBe(two?.rundef.api_key);
      expect(address).toHaveBeenCalledOnce();
    },
  );

  it('a run that has the key of a real server keeps it, and its addresses', async () => {
    expect(await server.serve(run('curl "$H_RUN_URL"', { madeUp: {} }))).toBeUndefined();
  });

  it('an address that nobody can listen on leaves the run as it was planned', async () => {
    address.mockResolvedValueOnce({ listen: '198.51.100.1', name: '198.51.100.1' });
    expect(await server.serve(run('curl "$H_RUN_URL"'))).toBeUndefined();
  });

  it('what triggered a run is served where it can be read, and only there', async () => {
    const url = 'https://ci.example.org/projects/acme/unit/builds/1/runs/b/';
    const planned = run('curl -n $H_TRIGGER_URL');
    planned.rundef.env['H_TRIGGER_URL'] = url;
    const madeUp = { ...planned.madeUp, H_TRIGGER_URL: 'without a login' };
    const unread = await server.serve({ ...planned, madeUp });
    expect([unread?.rundef.env['H_TRIGGER_URL'], unread?.madeUp['H_TRIGGER_URL']]).toEqual([url, 'without a login']);
    const read = await server.serve({ ...planned, madeUp, upstream: '/projects/acme/unit/builds/1/runs/b/' });
    expect(read?.rundef.env['H_TRIGGER_URL']).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/projects\/acme\/unit\/builds\/1\/runs\/b\/$/,
    );
    expect(read?.madeUp['H_TRIGGER_URL']).toBeUndefined();
  });
});
