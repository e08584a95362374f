/** Where the consoles of a simulation show: nowhere, as bytes, on a terminal, or side by side. */
import { backtrackingEngine, type Groups } from '../../python/regex/backtracking.js';
import { compilePython, PatternError } from '../../python/regex/python-regex.js';
import { labelOf, type PlannedRun } from '../../simulator/plan/planned-run.js';
import { type ConsoleView, labelledView, noView, plainView, terminalView } from '../../terminal/console-view.js';
import { outputOf } from '../../terminal/output.js';
import { ProgressBar, type ProgressReader, terminalSpinner } from '../../terminal/progress.js';

export function simulationViews(options: { quiet: boolean; sideBySide: boolean }) {
  const output = outputOf(process.stdout);
  return (planned: PlannedRun): ConsoleView => {
    if (options.quiet) return noView;
    if (options.sideBySide) return labelledView(output, labelOf(planned));
    if (!output.isTerminal) return plainView(output);
    const progress = planned.rundef['console-progress'];
    const bar = progress && new ProgressBar(progressReader(progress['progress-pattern']));
    return terminalView(output, bar ?? undefined, terminalSpinner());
  };
}

/** A pattern that cannot be evaluated shows no bar: the bar is decoration, and `validate` reports the pattern. */
function progressReader(pattern: string): ProgressReader {
  try {
    const compiled = compilePython(pattern);
    const match = compiled.match ?? briefly(backtrackingEngine()(compiled.program()));
    return (line) => {
      const found = match(line);
      const [current, total] = [Number(found?.['current']), Number(found?.['total'])];
      return current >= 0 && total > 0 ? { current, total } : undefined;
    };
  } catch (error) {
    if (error instanceof PatternError) return () => undefined;
    throw error;
  }
}

/** A pattern that needs longer than this for a line, in milliseconds, shows no progress from then on. */
const LONGEST_MATCH = 20;

function briefly(match: (line: string, milliseconds: number) => Groups | undefined) {
  let isSlow = false;
  return (line: string): Groups | undefined => {
    if (isSlow) return undefined;
    try {
      return match(line, LONGEST_MATCH);
    } catch {
      isSlow = true;
      return undefined;
    }
  };
}
