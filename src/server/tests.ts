/** Tests of a run: read by everybody, sent by its worker (SPEC 5). */
import { objectOf } from '../lib/index.js';
import type { Test, TestResult } from '../schema/index.js';
import { pathSegment } from './address.js';
import { Allowance } from './allowance.js';
import type { Call, SharedBounds } from './call.js';
import type { RunCredentials } from './console.js';
import { notJobserv } from './failure-messages.js';
import type { HttpClient } from './http.js';
import { jsendData } from './jsend.js';
import { ServerFailure } from './server-failure.js';

/** How many of a run's tests are read at a time. */
const AT_ONCE = 4;
/** Of the answers about all tests of a run together, bytes: their results are held in memory. */
const LARGEST_SUM = 64 * 2 ** 20;
const LONGEST_SUM_MS = 10 * 60_000;

interface ListedTest extends Omit<Test, 'results'> {
  /** undefined: the server has no route to a test of this name. */
  url: string | undefined;
}

/**
 * The tests that the server recorded, with their results, in its order. Of several tests of one
 * name the server shows the results of the first only; the others have none here.
 *
 * @param given.allowance of all answers; 64 MiB and ten minutes by default
 */
export async function readTests(
  http: HttpClient,
  runUrl: string,
  given: { allowance?: SharedBounds; signal?: AbortSignal | undefined } = {},
): Promise<Test[]> {
  const sum = { sum: 'the tests of the run', bytes: LARGEST_SUM, ms: LONGEST_SUM_MS, advice: 'Look at the server.' };
  const { allowance = new Allowance({ what: 'read the tests', url: `${runUrl}tests/`, ...sum }) } = given;
  const options = { ...given, allowance };
  const listed = await listTests(http, runUrl, options);
  const firsts = new Map<string, ListedTest>();
  for (const test of listed) if (!firsts.has(test.name)) firsts.set(test.name, test);
  const results = new Map<ListedTest, TestResult[]>();
  const queue = [...firsts.values()];
  const work = async () => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      if (test.url !== undefined) results.set(test, await readResults(http, test.url, options));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return listed.map((test) => {
    const { url: _, ...rest } = test;
    return { ...rest, results: results.get(test) ?? [] };
  });
}

async function listTests(http: HttpClient, runUrl: string, options: Access): Promise<ListedTest[]> {
  const call = read(`${runUrl}tests/`, 'read the tests', options);
  const answer = await http.send(call);
  const tests = jsendData(answer.body)?.['tests'];
  if (!Array.isArray(tests)) throw notJobserv(call, answer);
  return tests.flatMap((item: unknown) => {
    const test = objectOf(item);
    const name = test?.['name'];
    if (test === undefined || typeof name !== 'string') return [];
    // Not the address that the server gives: it may call itself by a name that is not ours to use.
    const segment = pathSegment(name);
    const url = segment === undefined ? undefined : `${runUrl}tests/${segment}/`;
    return [{ name, url, context: text(test['context']), status: text(test['status']) ?? '' }];
  });
}

async function readResults(http: HttpClient, url: string, options: Access): Promise<TestResult[]> {
  const call = read(url, 'read the results of a test', options);
  const answer = await http.send(call);
  const test = objectOf(jsendData(answer.body)?.['test']);
  if (test === undefined) throw notJobserv(call, answer);
  const results = Array.isArray(test['results']) ? test['results'] : [];
  return results.flatMap((item: unknown) => {
    const result = objectOf(item);
    if (result === undefined) return [];
    return [
      {
        name: text(result['name']) ?? '',
        context: text(result['context']),
        status: text(result['status']) ?? '',
        output: text(result['output']),
      },
    ];
  });
}

export interface SendOptions {
  /** A process that has died since may have sent it: look first. */
  doubtful?: boolean;
  /** Called when it is sent again, though the server may have it already. */
  onDoubt?: () => void;
}

/**
 * Sends one test, once. The server adds whatever it gets: when an answer is lost, its list says
 * whether the test is there already. Where that cannot be asked the test is sent again.
 *
 * @param before how many tests of this name were sent before it; only their number distinguishes those of one name
 * @throws ServerFailure when it cannot be sent
 */
export async function sendTest(
  http: HttpClient,
  run: RunCredentials,
  test: Test,
  before: number,
  { doubtful = false, onDoubt }: SendOptions = {},
): Promise<void> {
  const { name, ...rest } = test;
  const segment = pathSegment(name);
  if (segment === undefined) {
    throw new ServerFailure(
      'rejected',
      `The server has no address for a test that is named ${JSON.stringify(name)}. Give the suite another name.`,
    );
  }
  const call: Call = {
    method: 'POST',
    url: `${run.runUrl}tests/${segment}/`,
    what: `send the results of the test ${JSON.stringify(name)}`,
    body: JSON.stringify(rest),
    headers: { 'content-type': 'application/json', authorization: `Token ${run.apiKey}` },
    retry: false,
  };
  let lost = doubtful;
  await http.persist({ method: 'POST', repeatable: true }, async () => {
    if (lost) {
      const there = await countOf(http, run, name);
      if (there === undefined) onDoubt?.();
      else if (there > before) return;
    }
    try {
      await http.send(call);
    } catch (error) {
      if (error instanceof ServerFailure && error.maybeDelivered) lost = true;
      throw error;
    }
  });
}

/** How many tests of a name the server has; undefined when it does not say. */
async function countOf(
  http: HttpClient,
  { runUrl, apiKey }: RunCredentials,
  name: string,
): Promise<number | undefined> {
  try {
    return (await listTests(http, runUrl, { apiKey })).filter((test) => test.name === name).length;
  } catch (error) {
    if (error instanceof ServerFailure && !error.passing) return undefined;
    throw error;
  }
}

interface Access {
  apiKey?: string | undefined;
  allowance?: SharedBounds;
  signal?: AbortSignal | undefined;
}

function read(url: string, what: string, { apiKey, allowance, signal }: Access): Call {
  return {
    method: 'GET',
    url,
    what,
    allowance,
    signal,
    ...(apiKey === undefined ? {} : { headers: { authorization: `Token ${apiKey}` } }),
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
