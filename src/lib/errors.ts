/** The request cannot be meant as it stands: the command line, or a file it names, has to change (exit status 2). */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The machine does not provide what is needed: a folder, a file, a program, an output (exit status 3). */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}
