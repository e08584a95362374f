import {
  type Connection,
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { actionsAt, FIX_ALL } from './actions.js';
import type { Analysis } from './analysis.js';
import { completionsAt } from './completion.js';
import { Definitions, type LanguageServerPorts, pathOf } from './definitions.js';
import { foldsOf } from './folding.js';
import { hoverAt } from './hover.js';
import { definitionsOf, RenameError, referencesTo, renamedAt, renameTo } from './references.js';
import { symbolsOf } from './symbols.js';

/**
 * Serves an editor over two streams until it ends the connection, or goes away; then the process ends.
 *
 * @param ports `version` of this program; `noEditor` is called when the input ends before an editor began
 */
export function serve(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  ports: LanguageServerPorts & { version: string; noEditor(): void },
): void {
  let definitions: Definitions | undefined;
  // Before the connection's own listener, which ends the process.
  input.once('end', () => definitions ?? ports.noEditor());
  const connection = createConnection(input, output);
  const documents = new TextDocuments(TextDocument);
  let watches = false;
  connection.onInitialize((params) => {
    watches = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    definitions = new Definitions(connection, ports, rootsOf(params));
    return capabilities(ports.version);
  });
  connection.onInitialized(async () => {
    const watchers = ports.configNames.map((name) => ({ globPattern: `**/${name}` }));
    if (watches) await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
  });
  documents.onDidOpen(({ document }) => definitions?.refresh(document));
  documents.onDidSave(({ document }) => {
    // It may configure how the others are checked.
    definitions?.refresh(document);
    for (const other of documents.all()) if (other !== document) definitions?.refresh(other);
  });
  connection.onDidChangeWatchedFiles(() => {
    for (const document of documents.all()) definitions?.refresh(document);
  });
  documents.onDidChangeContent(({ document }) => definitions?.schedule(document));
  documents.onDidClose(({ document }) => definitions?.close(document));
  answer(connection, {
    document: (uri) => documents.get(uri),
    analysis: async (uri) => {
      const document = documents.get(uri);
      return document && definitions?.analysisOf(document);
    },
    readable: async (uri) => {
      const document = documents.get(uri);
      return document && definitions?.readableOf(document);
    },
    homepage: ports.homepage,
  });
  documents.listen(connection);
  connection.listen();
  // As when the input ends: nobody reads any more.
  output.once('error', () => process.exit(1));
}

/** Longer lines are not looked at: the time grows with the square. */
const LONGEST_LINE = 1000;

/** Whether a line so far is an indentation, with the signs of lists and a key or without. */
function isBehindKey(line: string): boolean {
  return line.length <= LONGEST_LINE && /^[\s-]*(?:[\w-]+:)?\s+$/.test(line);
}

interface Open {
  document(uri: string): TextDocument | undefined;
  /** Of the version that the editor has; undefined for what is no definition. */
  analysis(uri: string): Promise<Analysis | undefined>;
  /** The last that could be read. */
  readable(uri: string): Promise<Analysis | undefined>;
  homepage: LanguageServerPorts['homepage'];
}

function answer(connection: Connection, { document, analysis, readable, homepage }: Open): void {
  connection.onHover(async ({ textDocument: { uri }, position }) => {
    const current = await analysis(uri);
    return current && hoverAt(current, position);
  });
  connection.onCompletion(async ({ textDocument: { uri }, position, context }) => {
    const names = await readable(uri);
    const text = document(uri);
    if (text === undefined || (await analysis(uri)) === undefined) return [];
    const before = text.getText({ start: { line: position.line, character: 0 }, end: position });
    // A blank typed inside a sentence or a script does not ask for completion.
    if (context?.triggerCharacter === ' ' && !isBehindKey(before)) return [];
    return completionsAt(text.getText(), position, names);
  });
  connection.onDefinition(async ({ textDocument: { uri }, position }) => {
    const current = await analysis(uri);
    return current && definitionsOf(current, position, uri);
  });
  connection.onReferences(async ({ textDocument: { uri }, position, context }) => {
    const current = await analysis(uri);
    return current && referencesTo(current, position, { uri, declaration: context.includeDeclaration });
  });
  connection.onPrepareRename(async ({ textDocument: { uri }, position }) => {
    const current = await analysis(uri);
    return current && renamedAt(current, position);
  });
  connection.onRenameRequest(async ({ textDocument: { uri }, position, newName }) => {
    const current = await analysis(uri);
    if (current === undefined) return null;
    try {
      return { changes: { [uri]: renameTo(current, position, newName) } };
    } catch (error) {
      if (error instanceof RenameError) throw new ResponseError(LSPErrorCodes.RequestFailed, error.message);
      throw error;
    }
  });
  connection.onCodeAction(async (params) => {
    const current = await analysis(params.textDocument.uri);
    return current && actionsAt(current, params, homepage);
  });
  connection.onDocumentSymbol(async ({ textDocument: { uri } }) => {
    const current = await readable(uri);
    return current && symbolsOf(current);
  });
  connection.onFoldingRanges(({ textDocument: { uri } }) => foldsOf(document(uri)?.getText() ?? ''));
}

function capabilities(version: string): InitializeResult {
  return {
    serverInfo: { name: 'jobserv', version },
    capabilities: {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      hoverProvider: true,
      completionProvider: { triggerCharacters: [' ', '"', "'"] },
      definitionProvider: true,
      referencesProvider: true,
      renameProvider: { prepareProvider: true },
      codeActionProvider: { codeActionKinds: ['quickfix', FIX_ALL] },
      documentSymbolProvider: true,
      foldingRangeProvider: true,
    },
  };
}

/** The folders that the editor has open. */
function rootsOf({ workspaceFolders, rootUri }: InitializeParams): string[] {
  const uris = workspaceFolders?.map(({ uri }) => uri) ?? [rootUri ?? ''];
  return uris.map(pathOf).filter((path) => path !== undefined);
}
