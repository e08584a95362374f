/** What people see: messages, tables, live views, reports. Other folders import what is named here, and nothing else of this one. */

export { renderDiagnostics } from './diagnostics.js';
export { renderExplanation, renderRules } from './explanation.js';
export { renderCheck, renderDryRun, renderFoundTests, renderPruned } from './host-tools.js';
export { type HtmlReport, writeHtmlReport, writeWhole } from './html-report.js';
export { OUTPUTS, type OutputMode, openRunsView, type ViewRequest } from './open-runs-view.js';
export {
  doNotWaitForTerminals,
  outputLost,
  outputOf,
  printMessage,
  watchStandardStreams,
  whenWritten,
  writeToFile,
} from './output.js';
export { namedWhenSlow, phaseLine, readingProgress } from './progress.js';
export { askHidden, canAsk, chooseSome, hasTerminal, listenForKeys, withRawTerminal } from './prompts.js';
export { renderReproduction } from './reproduction.js';
export { failureReport, reproductionReport, runsJunit, simulationReport } from './run-reports.js';
export type { RunsView, RunView } from './runs-view.js';
export { renderTable, styleFor } from './style.js';
export { renderSummary } from './summary.js';
export { FORMATS, type Format, writerOf } from './validation.js';
export { type FileReport, type Repairs, type ServerWord, Totals } from './validation-report.js';

// For tests of this folder; no other folder uses them.

export { serverNotes } from './diagnostics.js';
export { manyRunsView } from './live-many.js';
export { oneRunView } from './live-one.js';
export type { Output } from './output.js';
export { groupedView, interleavedView, quietView, streamedView } from './runs-view.js';
export { hasColours } from './style.js';
