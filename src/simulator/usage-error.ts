/** What was asked for cannot be meant: the command line, or a file that it names, has to change (exit status 2). */
export class UsageError extends Error {
  override name = 'UsageError';
}
