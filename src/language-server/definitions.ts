import { fileURLToPath } from 'node:url';
import type { Connection } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { isBelow } from '../lib/index.js';
import { type Diagnostic, type LintConfig, NO_CONFIG, type ShellNote } from '../lint/index.js';
import { Analysis } from './analysis.js';
import { editorDiagnostic } from './diagnostics.js';

/** What the server uses of the machine; it reads and starts nothing else. */
export interface LanguageServerPorts {
  /** The page of this program, where the rules are described. */
  homepage: string | undefined;
  isDefinition(path: string, text: string): boolean;
  /** The names of files of configuration. */
  configNames: readonly string[];
  /** What is wrong with a file of configuration; undefined for any other file. */
  configFaults(path: string, text: string): readonly Diagnostic[] | undefined;
  /** Longer texts are not checked, characters. */
  maxLength: number;
  /**
   * Reads the configuration that a definition is checked with.
   *
   * @param root the folder of the editor that it lies in
   * @throws Error with a message for the user where it cannot be used
   */
  configOf(path: string, root: string | undefined): Promise<LintConfig>;
  /** Findings in a script; undefined on a machine without shellcheck. */
  shellcheck: ((script: string) => Promise<readonly ShellNote[]>) | undefined;
}

/** After the last keystroke: before a check, and after it before shellcheck is started. */
const PAUSE_MS = 50;
const SHELLCHECK_PAUSE_MS = 500;

interface State {
  config: Promise<{ config: LintConfig; fault?: string }>;
  timer?: NodeJS.Timeout;
  current?: Analysis;
  /** Shellcheck has found more since. */
  isOutdated: boolean;
  /** The last version that could be read. */
  readable?: Analysis;
  /** The scripts of the current version that shellcheck can read, and what it found in those that it has seen. */
  scripts: Set<string>;
  notes: Map<string, readonly ShellNote[]>;
}

/** The open documents that are definitions, or files of configuration, and their diagnostics. */
export class Definitions {
  readonly #connection: Connection;
  readonly #ports: LanguageServerPorts;
  readonly #roots: readonly string[];
  readonly #states = new Map<string, State>();

  constructor(connection: Connection, ports: LanguageServerPorts, roots: readonly string[]) {
    this.#connection = connection;
    this.#ports = ports;
    this.#roots = roots;
  }

  /** Reads the configuration again, and checks the document. */
  refresh(document: TextDocument): void {
    this.#stateOf(document).config = this.#configOf(document);
    this.schedule(document);
  }

  /** Checks the document after a pause. */
  schedule(document: TextDocument): void {
    this.#later(document, PAUSE_MS, () => this.#publish(document));
  }

  close({ uri }: TextDocument): void {
    clearTimeout(this.#states.get(uri)?.timer);
    this.#states.delete(uri);
    void this.#connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  /** The check of the version that the editor has; undefined for what is no definition. */
  async analysisOf(document: TextDocument): Promise<Analysis | undefined> {
    const state = this.#stateOf(document);
    const { config } = await state.config;
    const { uri, version } = document;
    const { current, isOutdated } = state;
    if (current?.version === version && current.config === config && !isOutdated) return current;
    const text = document.getText();
    const { shellcheck } = this.#ports;
    if (this.#isTooLong(document) || !this.#ports.isDefinition(pathOf(uri) ?? '', text)) return undefined;
    state.scripts = new Set();
    state.isOutdated = false;
    const checker = (script: string) => {
      state.scripts.add(script);
      return state.notes.get(script) ?? [];
    };
    state.current = new Analysis(text, version, config, shellcheck && checker, current);
    if (state.current.isReadable) state.readable = state.current;
    return state.current;
  }

  /** The last version that could be read. */
  async readableOf(document: TextDocument): Promise<Analysis | undefined> {
    return (await this.analysisOf(document)) && this.#stateOf(document).readable;
  }

  #isOpen({ uri }: TextDocument, state: State): boolean {
    return this.#states.get(uri) === state;
  }

  #stateOf(document: TextDocument): State {
    const { uri } = document;
    const state = this.#states.get(uri) ?? {
      config: this.#configOf(document),
      isOutdated: false,
      scripts: new Set(),
      notes: new Map(),
    };
    this.#states.set(uri, state);
    return state;
  }

  #isTooLong(document: TextDocument): boolean {
    const { uri } = document;
    const text = document.getText();
    return text.length > this.#ports.maxLength && this.#ports.isDefinition(pathOf(uri) ?? '', text);
  }

  async #configOf({ uri }: TextDocument): Promise<{ config: LintConfig; fault?: string }> {
    const path = pathOf(uri);
    if (path === undefined) return { config: NO_CONFIG };
    try {
      const root = this.#roots.find((folder) => isBelow(path, folder));
      return { config: await this.#ports.configOf(path, root) };
    } catch (error) {
      return { config: NO_CONFIG, fault: (error as Error).message };
    }
  }

  /** Runs `work` after a pause; it replaces what was planned for the document before. */
  #later(document: TextDocument, pauseMs: number, work: () => Promise<void>): void {
    const state = this.#stateOf(document);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      work().catch((error: Error) => this.#connection.console.error(error.message));
    }, pauseMs);
  }

  async #publish(document: TextDocument): Promise<void> {
    const { uri, version } = document;
    const state = this.#stateOf(document);
    const text = document.getText();
    const { homepage, configFaults } = this.#ports;
    const found = configFaults(pathOf(uri) ?? '', text) ?? (await this.#findings(document, state));
    if (document.version !== version || !this.#isOpen(document, state)) return;
    const diagnostics = found.map((one) => editorDiagnostic(one, { uri, text, homepage }));
    await this.#connection.sendDiagnostics({ uri, version, diagnostics });
    const { scripts, notes } = state;
    if (this.#isOpen(document, state) && [...scripts].some((script) => !notes.has(script)))
      this.#later(document, SHELLCHECK_PAUSE_MS, () => this.#checkScripts(document));
  }

  async #findings(document: TextDocument, state: State): Promise<readonly Diagnostic[]> {
    const analysis = await this.analysisOf(document);
    const { fault } = await state.config;
    if (analysis === undefined)
      return this.#isTooLong(document) ? [{ ...FAULT, rule: 'too-large', message: TOO_LONG }] : [];
    const unfit = fault === undefined ? [] : [{ ...FAULT, rule: 'lint-config', message: fault }];
    return [...unfit, ...analysis.result.diagnostics];
  }

  /** Asks shellcheck about the scripts that it has not seen, one after the other, unless the text changes. */
  async #checkScripts(document: TextDocument): Promise<void> {
    const { shellcheck } = this.#ports;
    const state = this.#stateOf(document);
    const { version } = document;
    const scripts = [...state.scripts];
    for (const script of [...state.notes.keys()]) if (!scripts.includes(script)) state.notes.delete(script);
    for (const script of scripts) {
      if (!state.notes.has(script)) state.notes.set(script, (await shellcheck?.(script)) ?? []);
      if (document.version !== version || !this.#isOpen(document, state)) return;
    }
    state.isOutdated = true;
    await this.#publish(document);
  }
}

const TOO_LONG = 'This is too large to be checked, and `jobserv validate` refuses it.';

const FAULT = {
  ...({ severity: 'error', server: 'accepts', path: '' } as const),
  ...{ line: 1, column: 1, endLine: 1, endColumn: 1 },
};

/** undefined for what is no file of this machine. */
export function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
