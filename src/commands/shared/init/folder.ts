/** What a first definition is made from. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Names of runs that a project may have a way to do, in the order of their work. */
export const STEPS = ['lint', 'build', 'test'] as const;
export type FolderStep = (typeof STEPS)[number];
export type Steps = Partial<Record<FolderStep, string[]>>;

export interface Project {
  /** In words: `a Go module`. */
  what: string;
  container: string;
  /** Shell commands that each run begins with. */
  prepare: string[];
  /** Shell commands by the name of the run. */
  steps: Steps;
}

/** Bytes. */
const MOST_READ = 1_000_000;

/** The files at the top of a folder, and what they say. */
export class Folder {
  readonly path: string;
  readonly names: readonly string[];

  /** @throws Error as of the file system */
  constructor(path: string) {
    this.path = path;
    this.names = readdirSync(path).sort();
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  first(...names: string[]): string | undefined {
    return names.find((name) => this.has(name));
  }

  /** Its text; empty for what is no regular file, or larger than any that says something here. */
  text(name: string): string {
    try {
      const path = join(this.path, name);
      const file = statSync(path);
      return file.isFile() && file.size <= MOST_READ ? readFileSync(path, 'utf8') : '';
    } catch {
      // Whatever it is, it says nothing that a first definition could use.
      return '';
    }
  }
}
