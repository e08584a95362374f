/** The first line of a script: which program reads it. */

export interface Shebang {
  /** The program that the kernel starts. */
  path: string;
  /** All that follows it, one argument for the kernel; `''` for none. */
  argument: string;
  /** What reads the script in the end, without its folder: `bash`, also behind `env`. */
  interpreter: string;
  /** The options that the interpreter gets. */
  options: string[];
}

/** @returns undefined for a text that does not begin with `#!` and a path */
export function parseShebang(script: string): Shebang | undefined {
  const [, path, rest = ''] = /^#![ \t]*([^\s]+)(?:[ \t]+([^\n]*))?/.exec(script) ?? [];
  if (path === undefined) return undefined;
  const argument = rest.trimEnd();
  const words = argument.split(/[ \t]+/).filter((word) => word !== '');
  const name = baseName(path);
  const env = name === 'env' ? words.findIndex((word) => !word.startsWith('-') && !word.includes('=')) : -1;
  const start = name === 'busybox' ? 0 : env;
  const interpreter = start >= 0 && words[start] ? baseName(words[start]) : name;
  const options = words.slice(start + 1).filter((word) => word.startsWith('-'));
  return { path, argument, interpreter, options };
}

export function isShell({ interpreter }: Shebang): boolean {
  return /^(?:sh|bash|dash|ash)$/.test(interpreter);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
