/**
 * What `--json` prints, by command: docs/json.md as types. `npm run docs` makes schema/ and types/ of the package of it,
 * and tests check what commands print against them.
 */
import type { Diagnostic } from '../../lint/index.js';
import type {
  Check,
  CreatedRundef,
  DryRunResult,
  PruneResult,
  ReproduceResult,
  SimulationResult,
} from '../../simulator/index.js';
import type { FileReport } from '../../terminal/index.js';
import type { WorkerStatus } from '../../worker/index.js';

/** A command that ended with an error. */
export interface ErrorJson {
  version: 1;
  /** With the findings where they are the reason: what is wrong in the file at `path`. */
  error: { message: string; status: number; reason: string; path?: string; diagnostics?: readonly Diagnostic[] };
}
/** `jobserv validate --json`. With `error` the report is not complete. */
export interface ValidateJson extends Partial<Pick<ErrorJson, 'error'>> {
  version: 1;
  files: FileReport[];
  summary: { files: number; rejected: number; errors: number; warnings: number; infos: number };
}
/** `jobserv list --json` */
export interface ListJson {
  version: 1;
  triggers: {
    name: string;
    type: string;
    runs: {
      name: string;
      container: string;
      hostTag: string | null;
      params: Record<string, string>;
      triggers: { name: string; 'run-names'?: string | null }[];
    }[];
  }[];
}
/** `jobserv rundef create --json` */
export interface RundefCreateJson {
  version: 1;
  runs: CreatedRundef[];
}
/** `jobserv simulate --json` */
export type SimulateJson = SimulationResult;
/** `jobserv simulate --dry-run --json` */
export type DryRunJson = DryRunResult;
/** `jobserv reproduce --json` */
export type ReproduceJson = ReproduceResult;
/** `jobserv doctor --json` */
export interface DoctorJson {
  version: 1;
  healthy: boolean;
  checks: Check[];
}
/** `jobserv prune --json` */
export type PruneJson = PruneResult;
/** `jobserv worker status --json` */
export type WorkerStatusJson = WorkerStatus;
