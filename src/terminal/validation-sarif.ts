/** SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0): what code scanning and editors read. */
import { createHash } from 'node:crypto';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Diagnostic,
  type Edit,
  explanationMarkdown,
  type Range,
  type Related,
  RULES,
  ruleUrl,
} from '../lint/index.js';
import { splitLines } from '../python/index.js';
import { findingsOf, jsonElement, type ReportWriter } from './validation-report.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;
const ROOT = '%SRCROOT%';
/** A line that is longer is not shown. */
const MAX_SNIPPET = 1000;

/** This program. */
export interface Tool {
  version: string;
  /** Its page, which has the descriptions of the rules below it. */
  homepage?: string;
}

/** @param cwd the folder that names of files start from, and are given relative to */
export function sarifWriter(cwd: string, { version, homepage }: Tool): ReportWriter {
  const ids: string[] = [];
  const fingerprint = fingerprints();
  const originalUriBaseIds = { [ROOT]: { uri: `${pathToFileURL(cwd).href.replace(/\/$/, '')}/` } };
  let results = 0;
  const separator = () => (results++ === 0 ? `${head(originalUriBaseIds)}\n` : ',\n');
  const written = (file: ArtifactLocation, diagnostic: Diagnostic, line: string) => {
    if (!ids.includes(diagnostic.rule)) ids.push(diagnostic.rule);
    return {
      ...result(file, diagnostic, line),
      ruleIndex: ids.indexOf(diagnostic.rule),
      partialFingerprints: { primaryLocationLineHash: fingerprint(file.uri, diagnostic.rule, line) },
    };
  };
  return {
    file: (report, source) => {
      const lines = splitLines(source);
      const file = artifactLocation(report.path, cwd);
      return findingsOf(report)
        .map((one) => `${separator()}${jsonElement(written(file, one, lines[one.line - 1] ?? ''), 8)}`)
        .join('');
    },
    end: () => {
      const start = results === 0 ? separator() : '\n';
      const driver = {
        name: 'jobserv',
        semanticVersion: version,
        ...(homepage && { informationUri: homepage }),
        rules: ids.map((id) => reportingRule(id, homepage)),
      };
      return `${start}      ],\n      "tool": ${jsonElement({ driver }, 6).trimStart()}\n    }\n  ]\n}\n`;
    },
  };
}

/** What stands before the results: the rules come after them, for until then nobody knows which there are. */
function head(originalUriBaseIds: object): string {
  const run = { columnKind: 'utf16CodeUnits', originalUriBaseIds, results: [] };
  const text = JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2);
  return text.slice(0, text.lastIndexOf('[]') + 1);
}

interface ArtifactLocation {
  uri: string;
  uriBaseId?: string;
}

function result(file: ArtifactLocation, diagnostic: Diagnostic, line: string) {
  const { rule, severity, server, message, help, related, path } = diagnostic;
  const edit = diagnostic.fix ?? diagnostic.suggestion;
  const snippet = line !== '' && line.length <= MAX_SNIPPET ? { snippet: { text: line } } : {};
  const contextRegion = { startLine: diagnostic.line, endLine: diagnostic.line, ...snippet };
  const physicalLocation = { artifactLocation: file, region: region(diagnostic), contextRegion };
  const logical = path === '' ? {} : { logicalLocations: [{ fullyQualifiedName: path }] };
  return {
    ruleId: rule,
    level: LEVELS[severity],
    message: { text: help === undefined ? message : `${message}\n${help}` },
    locations: [{ physicalLocation, ...logical }],
    ...(related && { relatedLocations: related.map((place, i) => relatedLocation(file, place, i)) }),
    ...(edit && { fixes: [repair(file, edit, help ?? message)] }),
    properties: { server },
  };
}

function relatedLocation(file: ArtifactLocation, place: Related, id: number) {
  return {
    id,
    message: { text: place.message },
    physicalLocation: { artifactLocation: file, region: region(place) },
  };
}

function repair(file: ArtifactLocation, { range, text }: Edit, words: string) {
  const replacements = [{ deletedRegion: region(range), insertedContent: { text } }];
  return { description: { text: words }, artifactChanges: [{ artifactLocation: file, replacements }] };
}

function region({ line, column, endLine, endColumn }: Range) {
  return { startLine: line, startColumn: column, endLine, endColumn };
}

function reportingRule(id: string, homepage: string | undefined) {
  const rule = RULES.find((one) => one.id === id);
  if (rule === undefined) {
    const text = 'A server that was asked disagrees with this tool.';
    return { id, shortDescription: { text }, fullDescription: { text }, help: { text } };
  }
  const { summary, explain, severity, server } = rule;
  const text = explanationMarkdown(rule);
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: explain.why },
    ...(homepage && { helpUri: ruleUrl(homepage, id) }),
    help: { text, markdown: text },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['jobserv', server], 'problem.severity': severity === 'info' ? 'recommendation' : severity },
  };
}

/** Relative to the folder it was started in; what lies elsewhere, and stdin, by a name that stands alone. */
function artifactLocation(path: string, cwd: string): ArtifactLocation {
  if (path === '<stdin>') return { uri: 'stdin', uriBaseId: ROOT };
  const below = relative(cwd, resolve(cwd, path));
  if (below.startsWith('..') || isAbsolute(below)) return { uri: pathToFileURL(resolve(cwd, path)).href };
  return { uri: below.split(sep).map(encodeURIComponent).join('/'), uriBaseId: ROOT };
}

/** What tells a finding from others when the lines above it change: rule, file and line's text, and which of such it is. */
function fingerprints(): (...parts: string[]) => string {
  const seen = new Map<string, number>();
  return (uri, rule, line) => {
    const text = JSON.stringify([uri, rule, line?.trim()]);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    return `${hash}:${count}`;
  };
}
