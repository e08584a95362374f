/** What other folders may import of this one. */

export type { DryRun } from './dry-run.js';
export type { Check } from './host-tools/container-checks.js';
export type { PruneResult } from './host-tools/prune.js';
export type { PlannedRun } from './plan/planned-run.js';
export type { ScriptLine } from './reproduce/console-story.js';
export type { ReproducedConsoles, ReproduceResult } from './reproduce/reproduce.js';
export type { RunResult } from './run/run-result.js';
export type { FoundResult, FoundTest, GreppingCheck } from './test-grepping/check-test-grepping.js';
