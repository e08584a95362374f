/**
 * The probe with an engine that does not see this machine's files. What can differ there is how files get in and out,
 * so as few cases are executed as show every kind of file, owner and end; `npm run test:faults` executes all.
 */
import { describeProbeElsewhere } from '../support/probe-elsewhere.js';
import { fewestOfAllKinds } from '../support/probe-expected.js';

describeProbeElsewhere(fewestOfAllKinds);
