/**
 * The probe with an engine that does not see this machine's files. What can differ there is how files get in and out,
 * so of the cases that agree in files, owner and end one is executed; `npm run test:faults` executes all.
 */
import { describeProbeElsewhere } from '../support/probe-elsewhere.js';
import { firstOfEachKind } from '../support/probe-expected.js';

describeProbeElsewhere(firstOfEachKind);
