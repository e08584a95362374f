/** The inputs of `check-test-grepping`: whose patterns, and which console. */

import { createReadStream } from 'node:fs';
import { systemWords, UsageError } from '../../lib/index.js';
import type { TestGrepping } from '../../schema/index.js';
import { isAddress, readConsole } from '../../server/index.js';
import { isRundefFile, readRundefFile } from '../inputs/rundef-file.js';
import { type AccessRequest, openServers, type ServerAccess } from '../inputs/server-access.js';
import type { LoadedDefinition } from '../plan/definition-run.js';
import { labelOf } from '../plan/planned-run.js';
import { selectRuns } from '../plan/select-runs.js';
import { findRun, rundefOfRun } from '../plan/server-rundef.js';
import { checkTestGrepping, type GreppingCheck } from './check-test-grepping.js';

export interface GreppingRequest {
  /** A run of the definition, a rundef file, or an address of a run. */
  run: string;
  /** A file, `-`, or an address of a run; undefined for the console of a run that is an address, or stdin. */
  log: string | undefined;
  loadDefinition(): Promise<LoadedDefinition>;
  access: AccessRequest;
  stdin: AsyncIterable<Uint8Array> & { isTTY?: boolean };
}

/** @throws UsageError for what cannot be meant; ServerFailure */
export async function greppingOf(request: GreppingRequest): Promise<GreppingCheck> {
  const addresses = [request.run, request.log ?? ''].filter(isAddress);
  const access = addresses.length === 0 ? undefined : await openServers(addresses, request.access);
  try {
    const { name, grepping, log = '-' } = await patternsOf(request, access);
    const console = await openConsole(request.log ?? log, request, access);
    return await checkTestGrepping({ run: name, console: console.name }, grepping, console.chunks);
  } finally {
    await access?.http.close();
  }
}

interface Patterns {
  name: string;
  grepping: TestGrepping;
  /** The console that is read where none was named: that of a run on a server. */
  log?: string;
}

async function patternsOf(request: GreppingRequest, access: ServerAccess | undefined): Promise<Patterns> {
  const { run } = request;
  if (access !== undefined && isAddress(run)) {
    const found = await findRun(run, access);
    const { url } = found.address;
    return { name: url, grepping: need(url, rundefOfRun(found).rundef['test-grepping']), log: url };
  }
  if (!isRundefFile(run)) return patternsOfRun(run, request);
  return { name: run, grepping: need(run, (await readRundefFile(run)).rundef['test-grepping']) };
}

async function patternsOfRun(name: string, { loadDefinition }: GreppingRequest): Promise<Patterns> {
  const { triggers } = await loadDefinition();
  const chosen = selectRuns(triggers, [name]);
  const labels = chosen.map(({ trigger, run }) => labelOf({ trigger: trigger.name, run: run.name }));
  const different = new Set(chosen.map(({ run }) => JSON.stringify(run['test-grepping'])));
  if (different.size > 1) {
    throw new UsageError(`${name} names runs with different test-grepping: ${labels.join(', ')}. Name one of them.`);
  }
  const label = labels.length === 1 ? (labels[0] ?? name) : name;
  return { name: label, grepping: need(label, chosen[0]?.run['test-grepping']) };
}

function need(run: string, grepping: TestGrepping | null | undefined): TestGrepping {
  if (grepping) return grepping;
  throw new UsageError(
    `${run} has no test-grepping: a server reads no tests from its console. Give the run a test-grepping with a result-pattern.`,
  );
}

async function openConsole(
  log: string,
  { stdin }: GreppingRequest,
  access: ServerAccess | undefined,
): Promise<{ name: string; chunks: AsyncIterable<Uint8Array> }> {
  if (access !== undefined && isAddress(log)) {
    const { address } = await findRun(log, access);
    const { body } = await readConsole(access.http, address.url);
    return { name: `${address.url}console.log`, chunks: body };
  }
  if (log !== '-') return { name: log, chunks: fileChunks(log) };
  if (stdin.isTTY) {
    throw new UsageError('Which console? Name its file, or the address of a run, or send it to the standard input.');
  }
  return { name: '<stdin>', chunks: stdin };
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    throw new UsageError(`The console ${path} cannot be read: ${systemWords(error)}.`);
  }
}
