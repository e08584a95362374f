/** Every case of the probe with an engine that does not see this machine's files. */
import { describeProbeElsewhere } from '../support/probe-elsewhere.js';

describeProbeElsewhere((cases) => cases);
