/** Which view a simulation has: by `--output`, by what standard output is, and by how many runs there are. */
import type { PlannedRun } from '../simulator/results.js';
import { manyRunsView } from './live-many.js';
import { oneRunView } from './live-one.js';
import { outputOf } from './output.js';
import { groupedView, interleavedView, quietView, type RunsView, streamedView } from './runs-view.js';

export const OUTPUTS = ['live', 'grouped', 'interleaved', 'quiet'] as const;
export type OutputMode = (typeof OUTPUTS)[number];

/** What a view learns about the simulation. */
export interface ViewRequest {
  /** Grows while runs start others, with `--follow`. */
  planned: readonly PlannedRun[];
  /** Whether there is never more than one run at a time. */
  inTurn: boolean;
  /** Whether runs may start others. */
  follow: boolean;
  /** Whether the terminal is given to a shell after a run. */
  shell: boolean;
}

/** @param wanted `live` needs a terminal: elsewhere it is `grouped`; undefined: what the stream can show */
export function openRunsView({ planned, inTurn, follow, shell }: ViewRequest, wanted: OutputMode = 'live'): RunsView {
  if (wanted === 'quiet') return quietView;
  const output = outputOf(process.stdout);
  const several = planned.length > 1 || follow;
  if (wanted === 'interleaved' && several) return interleavedView(output, planned);
  if (wanted === 'live' && output.isTerminal && process.env['TERM'] !== 'dumb') {
    return several && !shell ? manyRunsView(process.stdout, planned) : oneRunView(process.stdout, output);
  }
  return inTurn || !several ? streamedView(output) : groupedView(output);
}
