/** Exit statuses of SPEC 7, and one for our own defects that no script can mistake for a run's. */
export const EXIT = {
  passed: 0,
  /** A run failed; for `validate`, something to mend. */
  failed: 1,
  /** Wrong usage, or a definition that the server would reject. */
  usage: 2,
  /** Engine, registry, git, disk or server not to be had. */
  environment: 3,
  /** `reproduce` cannot say whether it is the same here. */
  inconclusive: 4,
  defect: 70,
  interrupted: 130,
} as const;
