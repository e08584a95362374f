import type { Source } from '../../executor/ports.js';
import type { RunDefinition, StringMap } from '../../schema/model.js';
import type { Difference } from '../inputs/ledger.js';

/** One run that is going to be simulated, with all that was decided about it before anything starts. */
export interface PlannedRun {
  trigger: string;
  run: string;
  /** As a worker would hand it to the executor. */
  rundef: RunDefinition;
  /** Values in it that a server would have known and that were made up: name → what stands there. */
  madeUp: StringMap;
  /** What differs from the worker's run already. */
  differences: Difference[];
  /** Why a server fails it even when it has passed: a sentence. */
  serverFailure?: string;
  /** What differs because of what its script does, once that can be read. */
  scriptDifferences?: ((script: string) => Promise<Difference[]>) | undefined;
  /** What started it, with `--follow`: `trigger/run`, or the name of a trigger whose runs have all passed. */
  startedBy?: string;
  /** Where its repository comes from, when that is not GIT_URL. */
  source: Source | undefined;
  /** The run's workspace, absolute. */
  root: string;
  /** Where its persistent volumes are, absolute. */
  volumes: string;
}

export const labelOf = ({ trigger, run }: Pick<PlannedRun, 'trigger' | 'run'>): string => `${trigger}/${run}`;
