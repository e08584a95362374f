/** The source of a real run, and of a simulation that asks for what was pushed. */
import type { Source } from '../executor/ports.js';
import { checkoutRemote } from './clone.js';
import { RETRY_WAITS } from './retry.js';
import { cloneScripts } from './script-repository.js';

export interface SourceOptions {
  /** Milliseconds before each further try; one try more than there are. */
  waits?: readonly number[];
}

export function gitSource({ waits = RETRY_WAITS }: SourceOptions = {}): Source {
  return {
    checkout: (request) => checkoutRemote(request, waits),
    checkoutScripts: (request) => cloneScripts(request, waits),
  };
}
