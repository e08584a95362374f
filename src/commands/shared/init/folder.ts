/** What a first definition is made from. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of runs that a project may have a way to do, in the order of their work. */
export const STEPS = ['lint', 'build', 'test'] as const;
export type Step = (typeof STEPS)[number];
export type Steps = Partial<Record<Step, string[]>>;

export interface Project {
  /** In words: `a Go module`. */
  what: string;
  container: string;
  /** Shell commands that each run begins with. */
  prepare: string[];
  /** Shell commands by the name of the run. */
  steps: Steps;
}

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

  /** Its text; empty where there is none to read. */
  text(name: string): string {
    try {
      return readFileSync(join(this.path, name), 'utf8');
    } catch {
      // Whatever it is, it says nothing that a first definition could use.
      return '';
    }
  }
}
