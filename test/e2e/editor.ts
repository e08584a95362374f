import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import {
  type ClientCapabilities,
  type CodeAction,
  CodeActionRequest,
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidOpenTextDocumentNotification,
  DidSaveTextDocumentNotification,
  ExitNotification,
  FileChangeType,
  type FileSystemWatcher,
  InitializedNotification,
  InitializeRequest,
  type Position,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextEdit,
} from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { installedCommand } from './jobserv.js';

/** An editor with one document open, and the installed language server that it started. */
export class Editor {
  readonly connection: ProtocolConnection;
  readonly #process: ChildProcess;
  readonly #uri: string;
  #document: TextDocument;
  #published: { version: number; diagnostics: Diagnostic[] } | undefined;
  #changed = () => {};
  #registered: (watchers: FileSystemWatcher[]) => void = () => {};
  /** The files that the server wants to be watched. */
  readonly watchers = new Promise<FileSystemWatcher[]>((resolve) => {
    this.#registered = resolve;
  });

  private constructor(child: ChildProcess, uri: string) {
    this.#process = child;
    this.#uri = uri;
    this.#document = TextDocument.create(uri, 'yaml', 0, '');
    const { stdout, stdin } = child;
    if (stdout === null || stdin === null) throw new Error('the server has no pipes');
    this.connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.connection.onNotification(PublishDiagnosticsNotification.type, ({ uri: about, version = 0, diagnostics }) => {
      if (about !== uri) return;
      this.#published = { version, diagnostics };
      this.#changed();
    });
    this.connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
      this.#registered(registrations.flatMap(({ registerOptions }) => registerOptions.watchers));
    });
    this.connection.listen();
  }

  /** Starts the server in a folder, and opens a document of it that need not be there. @param others folders that the editor has open, too */
  static async open(
    folder: string,
    name: string,
    text: string,
    env: NodeJS.ProcessEnv = {},
    others: readonly string[] = [],
  ): Promise<Editor> {
    const child = spawn(installedCommand(), ['language-server', '--stdio', `--clientProcessId=${process.pid}`], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const editor = new Editor(child, `${pathToFileURL(folder)}/${name}`);
    const capabilities: ClientCapabilities = { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } };
    const rootUri = String(pathToFileURL(folder));
    await editor.connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri,
      capabilities,
      workspaceFolders: [...others, folder].map((path) => ({ uri: String(pathToFileURL(path)), name: path })),
    });
    await editor.connection.sendNotification(InitializedNotification.type, {});
    editor.#document = TextDocument.create(editor.#uri, 'yaml', 1, text);
    await editor.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri: editor.#uri, languageId: 'yaml', version: 1, text },
    });
    return editor;
  }

  get text(): string {
    return this.#document.getText();
  }

  /** For requests about the document. */
  get textDocument(): { uri: string } {
    return { uri: this.#uri };
  }

  /** Where a text stands, or a part of it. */
  position(text: string, part = ''): Position {
    const at = this.text.indexOf(text);
    if (at < 0) throw new Error(`the document has no ${text}`);
    return this.#document.positionAt(at + text.indexOf(part));
  }

  /** The text at a range. */
  at(range: { start: Position; end: Position }): string {
    return this.#document.getText(range);
  }

  /** Makes edits as an editor does: each sent as what changed. */
  async edit(edits: readonly TextEdit[]): Promise<void> {
    const start = (edit: TextEdit) => this.#document.offsetAt(edit.range.start);
    // From the end on, so that the ranges of the others stay true.
    const contentChanges = [...edits]
      .sort((a, b) => start(b) - start(a))
      .map(({ range, newText }) => ({ range, text: newText }));
    const version = this.#document.version + 1;
    TextDocument.update(this.#document, contentChanges, version);
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: this.#uri, version },
      contentChanges,
    });
  }

  /** Puts one text in the place of another. */
  async replace(old: string, text: string): Promise<void> {
    const start = this.position(old);
    const end = this.#document.positionAt(this.#document.offsetAt(start) + old.length);
    await this.edit([{ range: { start, end }, newText: text }]);
  }

  async save(): Promise<void> {
    this.#published = undefined;
    await this.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: this.textDocument });
  }

  /** Reports that a file was changed by another program. */
  async changedOutside(path: string): Promise<void> {
    this.#published = undefined;
    const uri = String(pathToFileURL(path));
    await this.connection.sendNotification(DidChangeWatchedFilesNotification.type, {
      changes: [{ uri, type: FileChangeType.Changed }],
    });
  }

  /** The diagnostics of the text as it is now; with a condition, the first that meet it. */
  async diagnostics(isWanted = (_: Diagnostic[]) => true): Promise<Diagnostic[]> {
    for (;;) {
      const { version, diagnostics = [] } = this.#published ?? {};
      if (version === this.#document.version && isWanted(diagnostics)) return diagnostics;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async actions(diagnostic: Diagnostic): Promise<CodeAction[]> {
    const context = { diagnostics: [diagnostic] };
    const { range } = diagnostic;
    const actions = await this.connection.sendRequest(CodeActionRequest.type, {
      textDocument: this.textDocument,
      range,
      context,
    });
    return (actions ?? []).filter((action): action is CodeAction => 'edit' in action);
  }

  /** Ends the session as editors do. @returns the status of the server */
  async close(): Promise<number | null> {
    const ended = once(this.#process, 'exit');
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    const [status] = await ended;
    this.connection.dispose();
    return status;
  }
}
