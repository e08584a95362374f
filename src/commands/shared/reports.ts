/** `--report FILE`: reports of the runs, in the form that each file's name says. */
import { randomBytes } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { escapeInJson, notWritten, refuseSpecial, UsageError } from '../../lib/index.js';
import { failureReport, type HtmlReport, runsJunit, writeHtmlReport, writeWhole } from '../../terminal/index.js';

/** What `--json` prints. @throws UsageError when it would be longer than a text can be */
export function jsonText(value: unknown): string {
  try {
    return escapeInJson(JSON.stringify(value, null, 2));
  } catch (error) {
    if (!(error instanceof RangeError && /string length/.test(error.message))) throw error;
    throw new UsageError(
      'The JSON of this output is longer than the 512 MB that one text can have. Select fewer runs, or split the definition.',
    );
  }
}

const FORMATS = ['.html', '.xml', '.json'];

export class Reports {
  readonly #command: string;
  readonly #version: string;
  readonly #paths: readonly string[];
  #written = false;

  private constructor(command: string, version: string, paths: readonly string[]) {
    [this.#command, this.#version, this.#paths] = [command, version, paths];
  }

  /**
   * @throws UsageError for a name that says no format; EnvironmentError for a file that cannot be written, before
   *   anything is executed for it
   */
  static async to(paths: readonly string[] = [], command: string, version: string): Promise<Reports> {
    const strange = paths.find((path) => !FORMATS.includes(extname(path)));
    if (strange !== undefined) {
      throw new UsageError(
        `--report ${strange} does not say what to write. End the file's name with .html, .xml (JUnit) or .json.`,
      );
    }
    for (const path of paths) {
      await tryWriting(path).catch(refused(path));
    }
    // One of an earlier command must not stand for this one, which may be killed.
    for (const path of paths) await rm(path, { force: true }).catch(refused(path));
    return new Reports(command, version, paths);
  }

  /** Whether a page is wanted, which shows whole consoles. */
  get page(): boolean {
    return this.#paths.some((path) => extname(path) === '.html');
  }

  /**
   * @param result what `--json` prints
   * @throws EnvironmentError when a file cannot be written
   */
  async write(report: Omit<HtmlReport, 'made'>, result: unknown): Promise<void> {
    this.#written = true;
    const made = `jobserv ${this.#version}, ${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
    for (const path of this.#paths) {
      const write = {
        '.html': () => writeHtmlReport({ ...report, made }, path),
        '.xml': () => writeWhole(runsJunit(`jobserv ${this.#command}`, report), path),
        '.json': () => writeWhole([`${jsonText(result)}\n`], path),
      }[extname(path)];
      await write?.().catch(refused(path));
    }
  }

  /** Reports an error that left no result; the report of an earlier command must not stand for it. */
  async writeFailure(message: string, status: number): Promise<void> {
    if (this.#written || message === '') return;
    await this.write(failureReport(`jobserv ${this.#command}`, message, status >= 128), {
      version: 1,
      error: { message, status },
    });
  }
}

/** What permissions say is not all that counts. */
async function tryWriting(path: string): Promise<void> {
  const probe = `${path}.${randomBytes(6).toString('hex')}.new`;
  if ((await stat(path).catch(() => undefined))?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  await refuseSpecial(path);
  await writeFile(probe, '', { flag: 'wx' });
  await rm(probe);
}

function refused(path: string): (error: unknown) => never {
  return (error) => {
    throw notWritten('The report', path, error);
  };
}
