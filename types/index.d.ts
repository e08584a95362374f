// Written by `npm run docs`: what `jobserv … --json` prints. Fields may be added within a version.

export type Severity = "error" | "warning" | "info";

export type ServerBehaviour = "rejects" | "fails" | "misbehaves" | "accepts";

export interface ErrorJson {
  version: 1;
  error: {
    message: string;
    status: number;
    reason: string;
    path?: string;
    diagnostics?: Diagnostic[];
  };
}

export interface Diagnostic {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  rule: string;
  severity: Severity;
  server: ServerBehaviour;
  message: string;
  path: string;
  help?: string;
  related?: Related[];
  fix?: Edit;
  suggestion?: Edit;
}

export interface Related {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  message: string;
}

export interface Edit {
  range: Range;
  text: string;
}

export interface Range {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface ValidateJson {
  error?: {
    message: string;
    status: number;
    reason: string;
    path?: string;
    diagnostics?: Diagnostic[];
  };
  version: 1;
  files: FileReport[];
  summary: {
    files: number;
    rejected: number;
    errors: number;
    warnings: number;
    infos: number;
  };
}

export interface FileReport {
  path: string;
  accepted: boolean;
  diagnostics: Diagnostic[];
  asked?: ServerWord;
  fixed?: Repairs;
}

export interface ServerWord {
  server: string;
  accepted: boolean;
  message?: string;
}

export interface Repairs {
  repairs: number;
  diff?: string;
  text?: string;
}

export interface ListJson {
  version: 1;
  triggers: {
    name: string;
    type: string;
    runs: {
      name: string;
      container: string;
      hostTag: string | null;
      params: {
        [k: string]: string;
      };
      triggers: {
        name: string;
        "run-names"?: string | null;
      }[];
    }[];
  }[];
}

export type CreatedRundef =
  | {
      runDefinition: RunDefinition;
      trigger: string;
      run: string;
    }
  | {
      error: string;
      trigger: string;
      run: string;
    };

export type TriggerType = "git_poller" | "github_pr" | "gitlab_mr" | "simple";

export interface RundefCreateJson {
  version: 1;
  runs: CreatedRundef[];
}

export interface RunDefinition {
  project: string;
  timeout: number;
  api_key: string;
  run_url: string;
  frontend_url: string;
  runner_url: string;
  trigger_type: TriggerType;
  container: string;
  "container-auth": string | null;
  privileged: boolean;
  "cap-add": string[] | null;
  "cap-drop": string[] | null;
  "container-user": string | null;
  "container-entrypoint": string | null;
  env: StringMap;
  secrets: StringMap | null;
  "test-grepping": TestGrepping | null;
  "persistent-volumes": StringMap | null;
  "shared-volumes": StringMap | null;
  "host-tag": string;
  "console-progress": ConsoleProgress | null;
  script?: string;
  "script-repo"?: {
    path: string;
    "clone-url": string;
    "git-ref"?: string;
    token?: string;
  };
  simulator?: boolean;
}

export interface StringMap {
  [k: string]: string;
}

export interface TestGrepping {
  "test-pattern"?: string;
  "result-pattern": string;
  fixupdict?: StringMap;
}

export interface ConsoleProgress {
  "progress-pattern": string;
}

export type OutsidePhase = "tree" | "clear" | "clean-up";

export type FailureCause =
  "script" | "tests" | "timeout" | "cancelled" | "setup" | "artifacts" | "lost" | "interrupted";

export type Environment = "engine" | "registry" | "git" | "server" | "disk" | "workspace";

export type Phase = "pull" | "prepare" | "script" | "reboot" | "upload" | "tests" | "report";

export type DifferenceKind =
  | "secret-missing"
  | "secret-placeholder"
  | "secret-added"
  | "param-given"
  | "image-mapped"
  | "image-not-pulled"
  | "architecture"
  | "image-id"
  | "podman-environment"
  | "remote-engine"
  | "working-tree"
  | "unpushed"
  | "repo-owner"
  | "made-up-value"
  | "no-trigger-url"
  | "not-served"
  | "shared-volume-empty"
  | "docker-config-off"
  | "unknown-field"
  | "reboot-skipped"
  | "server-fails"
  | "reference-worker";

export interface SimulateJson {
  version: 1;
  status: "PASSED" | "FAILED";
  phases: PhaseTime3COutsidePhase3E[];
  runs: RunResult[];
  warnings?: string[];
}

export interface PhaseTime3COutsidePhase3E {
  name: OutsidePhase;
  durationMs: number;
}

export interface RunResult {
  trigger: string;
  run: string;
  startedBy?: string;
  status: "PASSED" | "FAILED" | "INTERRUPTED" | "NOT_STARTED";
  cause?: FailureCause | "triggers" | "server";
  message?: string;
  environment?: Environment;
  exitCode?: number;
  startedAt?: string;
  durationMs: number;
  phases: PhaseTime[];
  image: {
    reference: string;
    digest?: string;
  };
  tests: Test[];
  artifacts: ArtifactFile[];
  workspace: string;
  console: string;
  fidelity: Fidelity;
  posts?: Post[];
  warnings?: string[];
}

export interface PhaseTime {
  name: Phase;
  durationMs: number;
}

export interface Test {
  name: string;
  context: string | null;
  status: string;
  results: TestResult[];
}

export interface TestResult {
  name: string;
  context: string | null;
  status: string;
  output: string | null;
}

export interface ArtifactFile {
  path: string;
  sizeBytes: number;
}

export interface Fidelity {
  exact: boolean;
  differences: Difference[];
}

export interface Difference {
  kind: DifferenceKind;
  message: string;
}

export interface Post {
  path: string;
  status?: string;
  metadata?: string;
  text: string;
  sizeBytes: number;
}

export interface DryRunJson {
  version: 1;
  dryRun: true;
  runs: DryRun[];
}

export interface DryRun {
  trigger: string;
  run: string;
  startedBy?: string;
  runDefinition: RunDefinition;
  container: ContainerSpec;
  workspace: string;
  differences: Difference[];
}

export interface ContainerSpec {
  image: string;
  command: string[];
  entrypoint?: string;
  user?: string;
  workingDir: string;
  env: string[];
  mounts: Mount[];
  privileged: boolean;
  capAdd: string[];
  capDrop: string[];
  memoryBytes?: number;
  labels: {
    [k: string]: string;
  };
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
  propagation?: "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";
}

export type Verdict = "reproduced" | "not-reproduced" | "flaky" | "inconclusive";

export type SetupStep = "pull" | "prepare" | "start";

export interface ReproduceJson {
  version: 1;
  verdict: Verdict;
  reason: string;
  next: string[];
  server: ServerSide;
  local: RunResult[];
  followed?: RunResult[];
  differences: RunDifference[];
  console?: ConsoleComparison;
  image?: PinnedImage;
}

export interface ServerSide {
  url: string;
  run: string;
  status: string;
  cause?: FailureCause | "unknown" | "not-started";
  message?: string;
  exitCode?: number;
  worker?: string;
  startedAt?: string;
  completedAt?: string;
  setup?: SetupStep;
  image: {
    reference: string;
    digest?: string;
  };
  tests: Test[];
  artifacts: {
    path: string;
    sizeBytes?: number;
  }[];
  console: string | null;
}

export interface RunDifference {
  kind: "status" | "cause" | "exit-code" | "test" | "artifact" | "console" | "image" | "definition";
  message: string;
  server?: string | null;
  local?: string | null;
}

export interface ConsoleComparison {
  same: number;
  divergence?: Divergence;
}

export interface Divergence {
  server?: ScriptLine;
  local?: ScriptLine;
}

export interface ScriptLine {
  number: number;
  text: string;
}

export interface PinnedImage {
  reference: string;
  pinned: string;
  moved?: boolean;
}

export interface DoctorJson {
  version: 1;
  healthy: boolean;
  checks: Check[];
}

export interface Check {
  name: string;
  state: "works" | "note" | "broken";
  found: string;
  repair?: string;
}

export interface PruneJson {
  version: 1;
  dryRun: boolean;
  containers: PrunedContainer[];
  workspaces: PrunedFolder[];
  volumes: PrunedFolder[];
  engineVolumes: string[];
  inUse: string[];
  engineProblem?: string;
  problems?: string[];
}

export interface PrunedContainer {
  id: string;
  name: string;
  image: string;
}

export interface PrunedFolder {
  path: string;
  sizeBytes: number;
}

export interface WorkerStatusJson {
  version: 1;
  name: string;
  server: string;
  concurrentRuns: number;
  loop?: number;
  runs: RunStatusReport[];
  outcomes: Outcomes[];
}

export interface RunStatusReport {
  folder: string;
  runUrl?: string;
  phase?: string;
  phaseSeconds?: number;
  ageSeconds?: number;
  starts?: number;
  container?: string;
  spoolBytes: number;
  pid?: number;
  problem?: string;
  unreported?: Unreported;
}

export interface Unreported {
  since: string;
  tries: number;
  next: string;
  answer: string;
}

export interface Outcomes {
  status: string;
  cause?: string;
  count: number;
}
