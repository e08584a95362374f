import { UsageError } from '../../lib/errors.js';
import type { Diagnostic } from '../../lint/diagnostic.js';

/** A file cannot be worked with; the findings say where, and are shown above the message. */
export class UnfitFile extends UsageError {
  override name = 'UnfitFile';
  readonly path: string;
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, file: { path: string; source: string; diagnostics: readonly Diagnostic[] }) {
    super(message);
    this.path = file.path;
    this.source = file.source;
    this.diagnostics = file.diagnostics;
  }
}

/** The server would refuse what is to be worked on. */
export class RejectedDefinition extends UnfitFile {
  override name = 'RejectedDefinition';

  constructor(path: string, source: string, diagnostics: readonly Diagnostic[]) {
    const message = `The server would reject ${path}, so no run of it can be built. Mend what is marked, then try again.`;
    super(message, { path, source, diagnostics });
  }
}
