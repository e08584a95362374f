/** The statuses of tests and their results; `BuildStatus` of the reference's models.py. */

/** What a result is when it is one. */
export const RESULT_STATUSES: readonly string[] = ['PASSED', 'FAILED', 'SKIPPED'];

/** What the database takes besides: a test with such a result never ends. */
export const UNFINISHED_STATUSES: readonly string[] = [
  'QUEUED',
  'RUNNING',
  'RUNNING_WITH_FAILURES',
  'UPLOADING',
  'PROMOTED',
  'CANCELLING',
];
