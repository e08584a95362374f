/** What validate knows, in editors. Other folders import what is named here, and nothing else of this one. */

export { serve } from './server.js';

// For tests of this folder; no other folder uses them.

export { Analysis, contains } from './analysis.js';
export { completionsAt } from './completion.js';
export { foldsOf } from './folding.js';
export { hoverAt } from './hover.js';
export { definitionsOf, referencesTo, renamedAt, renameTo } from './references.js';
export { symbolsOf } from './symbols.js';
