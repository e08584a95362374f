/**
 * The client's calls with a server that answers as the reference does; with `JOBSERV_TEST_SERVER`
 * the same with the reference server itself (test/support/server-spec/target.ts says what it needs).
 */
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  appendConsole,
  createSigned,
  HttpClient,
  readConsole,
  readRun,
  readRunDefinition,
  readTests,
  sendTest,
  upload,
  validateDefinition,
  WorkerClient,
  type WorkerIdentity,
} from '../../../src/server/index.js';
import { startTarget, type Target } from '../../support/server-spec/target.js';

const HOST = { available_runners: 1, mem_free: 1, disk_free: 1e12, load_avg_1: 0.5, load_avg_5: 0.5, load_avg_15: 0.5 };
const PROPERTIES = {
  api_key: 'key1',
  distro: 'Debian',
  mem_total: 8_000_000_000,
  cpu_total: 4,
  cpu_type: 'x86_64',
  concurrent_runs: 2,
  surges_only: false,
};
const bytes = (text: string) => Buffer.from(text);

describe('the client with a JobServ server', () => {
  const http = new HttpClient();
  let target: Target;
  let workers = 0;
  const begun: { runUrl: string; apiKey: string }[] = [];

  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(async () => {
    // Nothing stays that the server would wait for; some have ended by themselves.
    await Promise.allSettled(
      begun.map((run) => appendConsole(http, { ...run, bytes: new Uint8Array(), status: 'FAILED' })),
    );
    await http.close();
    await target.stop();
  });

  const workerOf = (prefix: string) => {
    workers += 1;
    const name = `${prefix}${workers}-${target.tag}`;
    return { serverUrl: target.url, hostname: name, apiKey: 'key1', jwt: target.jwt(name) };
  };
  const clientOf = (identity: WorkerIdentity) => {
    const client = new WorkerClient(identity);
    onTestFinished(() => client.close());
    return client;
  };

  /** A run that was checked out, with its first console line. */
  const start = async () => {
    const runUrl = await target.queue({ secrets: { word: 'sesame' } });
    const identity = workerOf('c');
    const worker = clientOf(identity);
    await worker.update({ host_tags: target.tag });
    const { runDefinitions, enlisted } = await worker.checkIn(HOST);
    const rundef = JSON.parse(runDefinitions[0] ?? '{}') as Record<string, unknown>;
    expect({ enlisted, given: runDefinitions.length, url: rundef['run_url'] }).toEqual({
      enlisted: true,
      given: 1,
      url: runUrl,
    });
    await worker.unregister();
    const first = `# Run sent to worker: ${identity.hostname}\n`;
    const run = { runUrl, apiKey: String(rundef['api_key']) };
    begun.push(run);
    return { ...run, first, rundef };
  };

  const consoleOf = async (runUrl: string, offset = 0) => {
    const { status, body } = await readConsole(http, runUrl, { offset });
    return { status, text: (await buffer(body)).toString() };
  };

  it('sends a console, is told of a cancel, and ends the run', async () => {
    const { first, rundef: _rundef, ...run } = await start();
    expect(await appendConsole(http, { ...run, bytes: bytes('one\n'), status: 'RUNNING' })).toEqual({
      cancelled: false,
    });
    expect(await appendConsole(http, { ...run, bytes: bytes('two\n') })).toEqual({ cancelled: false });
    expect(await consoleOf(run.runUrl, first.length + 4)).toEqual({ status: 'RUNNING', text: 'two\n' });
    expect(await consoleOf(run.runUrl, first.length + 8)).toEqual({ status: 'RUNNING', text: '' });
    await target.cancel(run.runUrl);
    expect(await appendConsole(http, { ...run, bytes: bytes('') })).toEqual({ cancelled: true });
    expect(await appendConsole(http, { ...run, bytes: new Uint8Array(), status: 'FAILED' })).toEqual({
      cancelled: false,
    });
    await expect(appendConsole(http, { ...run, bytes: bytes('late') })).rejects.toMatchObject({ kind: 'completed' });
    await expect(appendConsole(http, { ...run, bytes: new Uint8Array(), status: 'FAILED' })).rejects.toMatchObject({
      kind: 'completed',
    });
    expect(await consoleOf(run.runUrl)).toEqual({ status: 'FAILED', text: `${first}one\ntwo\n` });
    expect(await consoleOf(run.runUrl, first.length + 4)).toEqual({ status: 'FAILED', text: 'two\n' });
    const { statusEvents, artifacts } = await readRun(http, run.runUrl);
    expect(statusEvents.map(({ status }) => status)).toEqual(['RUNNING', 'CANCELLING', 'FAILED']);
    expect(artifacts).toEqual([{ path: 'console.log', url: `${run.runUrl}console.log`, sizeBytes: first.length + 8 }]);
  });

  it('uploads artifacts of known and unknown types, an empty one and one below a folder', async () => {
    const { runUrl, apiKey } = await start();
    const files = { 'a.txt': 'text', noext: 'x', 'sub/b.zzz': 'yz', 'ü #1.log': '', 'page.html': '<p>' };
    const signed = await createSigned(http, { runUrl, apiKey }, Object.keys(files));
    expect([...signed.keys()].sort()).toEqual(Object.keys(files).sort());
    for (const [name, content] of Object.entries(files)) {
      const to = signed.get(name);
      if (to === undefined) throw new Error(name);
      const open = async function* () {
        if (content !== '') yield bytes(content);
      };
      await upload(http, to, { name, body: { bytes: content.length, open } });
    }
    const { artifacts } = await readRun(http, runUrl);
    const sizes = Object.fromEntries(artifacts.map(({ path, sizeBytes }) => [path, sizeBytes]));
    expect(sizes).toEqual({ 'a.txt': 4, noext: 1, 'sub/b.zzz': 2, 'ü #1.log': 0, 'page.html': 3 });
  });

  it('sends tests, and reads them', async () => {
    const { runUrl, apiKey } = await start();
    const results = [
      { name: 'r', context: 'k', status: 'PASSED', output: null },
      { name: 's', context: null, status: 'SKIPPED', output: '<x/>' },
    ];
    const suite = { name: 'suite ü?#%', context: 'c', status: 'PASSED', results };
    const again = { ...suite, context: 'd', results: [] };
    await sendTest(http, { runUrl, apiKey }, suite, 0);
    await sendTest(http, { runUrl, apiKey }, again, 1);
    await sendTest(http, { runUrl, apiKey }, again, 1, { doubtful: true });
    expect(await readTests(http, runUrl)).toEqual([suite, again]);
  });

  it('reads a run definition without secrets', async () => {
    const { runUrl, rundef } = await start();
    const { api_key: _key, env, ...given } = rundef;
    const { H_RUN_URL: _url, ...ofServer } = env as Record<string, string>;
    const read = await readRunDefinition(http, runUrl);
    expect(read).toEqual({ ...given, env: ofServer, secrets: { word: 'TODO' } });
  });

  it('says what is not there, and what it may not do', async () => {
    const { runUrl } = await start();
    const elsewhere = runUrl.replace(/unit\/$/, 'none/');
    await expect(readRun(http, elsewhere)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(consoleOf(`${elsewhere}`)).rejects.toMatchObject({ kind: 'not-found' });
    const stranger = { runUrl, apiKey: 'wrong' };
    await expect(appendConsole(http, { ...stranger, bytes: bytes('x') })).rejects.toMatchObject({
      kind: 'unauthorized',
    });
    await expect(createSigned(http, stranger, ['a'])).rejects.toMatchObject({ kind: 'unauthorized' });
  });

  it('registers a worker, changes it and removes it', async () => {
    const identity = { ...workerOf('k'), jwt: undefined };
    const worker = clientOf(identity);
    await worker.register({ ...PROPERTIES, name: identity.hostname, host_tags: 'a,b' });
    await worker.update({ host_tags: 'c' });
    expect(await worker.checkIn(HOST)).toMatchObject({ enlisted: false, runDefinitions: [] });
    await worker.unregister();
    await expect(worker.checkIn(HOST)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('reports events and logs, and asks for dead volumes', async () => {
    const worker = clientOf(workerOf('j'));
    await worker.sendEvent({ title: 't', msg: 'm', type: 'info' });
    await worker.sendLogs(bytes('a log'));
    expect(await worker.deadVolumes([target.project, 'no-such-project'])).toEqual(['no-such-project']);
    await worker.unregister();
  });

  it('asks for the verdict on a definition', async () => {
    const run = { name: 'r', container: 'c', 'host-tag': 'h', script: 's' };
    const definition = { timeout: 5, scripts: { s: 'x' }, triggers: [{ name: 't', type: 'simple', runs: [run] }] };
    expect(await validateDefinition(http, target.url, JSON.stringify(definition))).toEqual({ accepted: true });
    const wrong = JSON.stringify({ ...definition, scripts: {} });
    expect(await validateDefinition(http, `${target.url}/`, wrong)).toMatchObject({ accepted: false });
  });
});
