/**
 * The container contract (SPEC 3), checked against the reference: `fixtures/probe/cases.json`
 * holds run definitions, `expected.json` what a probe script saw, and how the run ended, when
 * the reference worker and runner executed them. Here our executor executes the same.
 */
import { connectEngine } from '../../src/docker/index.js';
import { describeProbe } from '../support/probe-suite.js';

describeProbe(async () => ({ engine: await connectEngine({ logDriver: 'none' }) }));
