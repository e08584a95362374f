import type { Diagnostic } from '../schema/diagnostic.js';
import { UsageError } from '../simulator/usage-error.js';

/** The server would refuse what is to be worked on; the findings say where. */
export class RejectedDefinition extends UsageError {
  override name = 'RejectedDefinition';
  readonly path: string;
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(path: string, source: string, diagnostics: readonly Diagnostic[]) {
    super(`The server would reject ${path}, so no run of it can be built. Mend what is marked, then try again.`);
    this.path = path;
    this.source = source;
    this.diagnostics = diagnostics;
  }
}
