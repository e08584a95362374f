/** How `language-server` ends: as the protocol says, without words, and never later than the editor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { startJobserv } from './jobserv.js';

const sent = (id: number | undefined, method: string, params: object = {}) => {
  const body = JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params });
  return `Content-Length: ${body.length}\r\n\r\n${body}`;
};
const initialize = (processId = process.pid) => sent(1, 'initialize', { processId, rootUri: null, capabilities: {} });

it.each<[when: string, status: number, act: (server: ChildProcess) => void]>([
  ['asked for', 0, ({ stdin }) => stdin?.write(sent(2, 'shutdown') + sent(undefined, 'exit'))],
  ['without a shutdown', 1, ({ stdin }) => stdin?.write(sent(undefined, 'exit'))],
  ['of the input', 1, ({ stdin }) => stdin?.end()],
  [
    'of the output',
    1,
    ({ stdin, stdout }) => {
      stdout?.destroy();
      stdin?.write(sent(2, 'shutdown'));
    },
  ],
])('the end %s has a status, and no words', async (_, status, act) => {
  const server = startJobserv(['language-server']);
  server.process.stdin?.write(initialize());
  await server.says('"id":1');
  act(server.process);
  expect(await server.ended).toMatchObject({ status, stderr: '' });
});

it('the end of the editor is the end of the server', async () => {
  const editor = spawn('sleep', ['600']);
  const server = startJobserv(['language-server']);
  server.process.stdin?.write(initialize(editor.pid));
  await server.says('"id":1');
  editor.kill();
  expect(await server.ended).toMatchObject({ status: 1, stderr: '' });
});
