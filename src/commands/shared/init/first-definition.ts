/** Writes the definition that `init` begins a project with. */
import { type FolderStep, type Project, STEPS } from './project.js';

export interface SourceForge {
  /** Of the repository; undefined where none is known that a server can poll. */
  url: string | undefined;
  branch: string;
}

export interface FirstDefinition {
  text: string;
  runs: FolderStep[];
}

/** The address that stands where the author has to write one. */
const PLACEHOLDER = 'https://git.example.org/group/project.git';

/** @param hostTag of this machine's kind of processor */
export function firstDefinition(project: Project, { url, branch }: SourceForge, hostTag: string): FirstDefinition {
  const runs = STEPS.filter((step) => project.steps[step] !== undefined);
  const lines = [
    '# What CI does with this repository. `jobserv validate` checks it, `jobserv simulate` runs it here.',
    'timeout: 30 # minutes that a run may take',
    '',
    'triggers:',
    '  # Begins a build when a branch changes.',
    '  - name: pushed',
    '    type: git_poller',
    '    params:',
    `      GIT_URL: ${text(url ?? PLACEHOLDER)}${url === undefined ? ' # write the address of your repository' : ''}`,
    `      GIT_POLL_REFS: ${text(`refs/heads/${branch}`)}`,
    '    runs:',
    ...runs.flatMap((run, i) => [
      `      - name: ${run}`,
      `        container: ${text(project.container)}`,
      `        host-tag: ${hostTag}${i === 0 ? ' # of the workers that may take the run' : ''}`,
      `        script: ${run}`,
    ]),
    '',
    'scripts:',
    ...runs.flatMap((run, i) => [
      ...(i === 0 ? [] : ['']),
      `  ${run}: |`,
      '    #!/bin/sh -e',
      ...[...project.prepare, ...(project.steps[run] ?? [])].map((line) => `    ${line}`),
    ]),
  ];
  return { text: `${lines.join('\n')}\n`, runs };
}

/** In quotes unless every character is harmless in YAML 1.1. */
function text(value: string): string {
  return /^[A-Za-z][\w./-]*(?::[\w./-]+)*$/.test(value) ? value : JSON.stringify(value);
}

/**
 * An address of a repository as a server can poll it: over HTTP.
 *
 * @param remote as git has it: `https://…`, `ssh://git@host/path`, `git@host:path`, a folder
 */
export function pollableUrl(remote: string): string | undefined {
  // The server takes GIT_URL for a list, with blanks between its elements.
  if (/\s/.test(remote)) return pollableUrl(remote.replaceAll(/\s/g, encodeURIComponent));
  if (/^https?:\/\//i.test(remote)) return remote;
  const [, host, path] =
    /^ssh:\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/+(.+)$/i.exec(remote) ??
    /^(?:[^@/:]+@)([^:/]+):\/*(.+)$/.exec(remote) ??
    [];
  return host === undefined ? undefined : `https://${host}/${path}`;
}
