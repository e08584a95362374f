import { type CodeDescription, type Diagnostic, DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver';
import { type Diagnostic as Found, ruleUrl } from '../lint/index.js';
import { editorRange } from './analysis.js';

const SEVERITY = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** The document that has a finding. */
export interface Page {
  uri: string;
  text: string;
  /** Of this program: the rules are described below it. */
  homepage: string | undefined;
}

/** A finding as an editor shows it; its code is the rule. */
export function editorDiagnostic(found: Found, { uri, text, homepage }: Page): Diagnostic {
  const { rule, severity, message, help, related } = found;
  const codeDescription: CodeDescription | undefined =
    homepage === undefined ? undefined : { href: ruleUrl(homepage, rule) };
  return {
    range: editorRange(found, text),
    severity: SEVERITY[severity],
    code: rule,
    ...(codeDescription && { codeDescription }),
    source: 'jobserv',
    message: help === undefined ? message : `${message}\n${help}`,
    ...(rule.startsWith('unused-') && { tags: [DiagnosticTag.Unnecessary] }),
    ...(related && {
      relatedInformation: related.map((place) => ({
        message: place.message,
        location: { uri, range: editorRange(place, text) },
      })),
    }),
  };
}
