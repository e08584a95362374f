/** YAML, regular expressions and formats as Python has them. Other folders import what is named here, and nothing else of this one. */

export { FormatError, pythonFormat, pythonLength, pythonStr } from './format/format.js';
export { backtrackingEngine, type Groups } from './regex/backtracking.js';
export { BacktrackingThread, type ThreadAnswer, type TimeBounds } from './regex/backtracking-thread.js';
export { childrenOf, type RegexNode } from './regex/nodes.js';
export { type ParsedRegex, parseRegex, TooDeep } from './regex/parse.js';
export { hasNestedRepeat, namesCharacter } from './regex/pattern-facts.js';
export { compilePython, PatternError, type PythonPattern } from './regex/python-regex.js';
export { RegexFault } from './regex/reader.js';
export { needsBacktracking } from './regex/to-re2.js';
export {
  jsonTextOf,
  type LoadedYaml,
  loadYaml,
  PyFloat,
  type ScalarLayout,
  type YamlObject,
  type YamlProblem,
  type YamlValue,
} from './yaml/load.js';
export { joinPointer, splitPointer } from './yaml/nodes.js';
export { invisibleHelp, Positions, placeInText, type Range, type Related, splitLines } from './yaml/positions.js';
