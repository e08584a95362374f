/** How long an editor waits for the diagnostics of a keystroke in a large definition. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';
import { median } from './measure.js';
import type { Row } from './rows.js';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const SIZE = 1 << 20;
const MOST_MS = 300;

export const EDITOR_ROW: Row = {
  id: 'editor',
  what: 'diagnostics of jobserv language-server after a keystroke in a definition of 1 MB',
  goal: `≤ ${MOST_MS} ms`,
  measure: async (folder, pairs) => {
    const child = spawn(process.execPath, [RUN, 'language-server'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    let published = (_version: number) => {};
    connection.onNotification(PublishDiagnosticsNotification.type, ({ version = 0 }) => published(version));
    connection.listen();
    const until = (version: number) =>
      new Promise<void>((resolve) => {
        published = (one) => one === version && resolve();
      });
    await connection.sendRequest(InitializeRequest.type, { processId: null, rootUri: null, capabilities: {} });
    const uri = `file://${folder}/.jobserv.yml`;
    const text = largeDefinition();
    const opened = until(1);
    await connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: 'yaml', version: 1, text },
    });
    await opened;
    // In turns in a run, near the beginning, and in a script, near the end.
    const lines = text.split('\n');
    const places = [lines.findIndex((line) => line.includes('TARGET')), lines.length - 3];
    const times: number[] = [];
    const before = processorMs(child.pid);
    for (let version = 2; version < 2 + 2 * pairs; version++) {
      const line = places[version % 2] ?? 0;
      const position = { line, character: lines[line]?.length ?? 0 };
      const shown = until(version);
      const begun = performance.now();
      await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version },
        contentChanges: [{ range: { start: position, end: position }, text: 'x' }],
      });
      await shown;
      times.push(performance.now() - begun);
    }
    const spent = (processorMs(child.pid) - before) / times.length;
    const ended = once(child, 'exit');
    await connection.sendRequest(ShutdownRequest.type);
    await connection.sendNotification(ExitNotification.type);
    await ended;
    const wall = median(times);
    return {
      figure: `${wall.toFixed(0)} ms`,
      detail: `${times.length} keystrokes, ${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} ms, ${spent.toFixed(0)} ms of processor time each; ${text.length} characters`,
      met: wall <= MOST_MS,
      commands: ['jobserv language-server'],
    };
  },
};

/** What a process has used so far; waiting for a processor on a busy machine is not in it. */
function processorMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Triggers of five runs, each with a loop, and a script of its own. */
function largeDefinition(): string {
  const [triggers, scripts] = [['timeout: 60', 'triggers:'], ['scripts:']];
  for (let size = 0, trigger = 0; size < SIZE; trigger++) {
    const head = `  - name: ci-${trigger}
    type: git_poller
    params: { GIT_URL: https://git.example.org/acme/blinky.git, GIT_POLL_REFS: refs/heads/main }
    runs:`;
    triggers.push(head);
    for (let run = 0; run < 5; run++) {
      const name = `build-${trigger}-${run}`;
      const commands = Array.from(
        { length: 20 },
        (_, i) => `    make -C "$BOARD" part-${i} > /archive/${i}.txt || exit 1`,
      );
      triggers.push(`      - name: ${name}-{loop}
        container: registry.example.org/sdk/arm:12
        host-tag: amd64
        script: ${name}
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
        params:
          TARGET: all`);
      scripts.push(`  ${name}: |`, '    #!/bin/sh -e', ...commands);
      size += [triggers.at(-1), ...scripts.slice(-22)].join('\n').length;
    }
  }
  return [...triggers, ...scripts, ''].join('\n');
}
