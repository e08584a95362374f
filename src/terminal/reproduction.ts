/** What `reproduce` says at its end, for people. */
import { plainLine, plural } from '../lib/index.js';
import type { ReproduceResult, ScriptLine } from '../simulator/results.js';
import { fieldLines, type Style } from './style.js';

/** So many differences of one kind are listed. */
const LISTED = 8;
const NARROWEST = 40;

/** @param width of the terminal, columns. Ends with a newline. */
export function renderReproduction(shown: ReproduceResult, style: Style, width: number): string {
  const { verdict, reason, server, local, image, next } = shown;
  const colour = {
    reproduced: style.green,
    'not-reproduced': style.red,
    flaky: style.yellow,
    inconclusive: style.yellow,
  };
  const lines = [
    `${colour[verdict](verdict.toUpperCase())}  ${style.bold(plainLine(server.run))}  ${plainLine(reason)}`,
  ];
  const field = (title: string, values: readonly string[]) => lines.push(...fieldLines(title, values, style));
  field('server', [
    [ending(server), server.worker && `by ${server.worker}`, timeOf(server.completedAt), server.url]
      .filter(Boolean)
      .join(', '),
  ]);
  field(
    'here',
    local.map((run) => `${ending(run)}, ${seconds(run)}`),
  );
  if (shown.followed !== undefined) field('then', followedLines(shown.followed));
  if (image !== undefined) field('image', [image.pinned]);
  field('workspace', [...new Set(local.map(({ workspace }) => workspace))]);
  field('differs', differenceLines(shown));
  lines.push(...divergenceLines(shown, style, width));
  field('next', next);
  return `\n${lines.join('\n')}\n`;
}

const seconds = ({ durationMs }: { durationMs: number }) => `${(durationMs / 1000).toFixed(1)} s`;

function ending({ status, cause, exitCode }: { status: string; cause?: string; exitCode?: number }): string {
  if (status !== 'FAILED') return status;
  const why = [cause, exitCode === undefined ? undefined : `status ${exitCode}`].filter(Boolean).join(', ');
  return why === '' ? status : `${status} (${why})`;
}

function followedLines(runs: NonNullable<ReproduceResult['followed']>): string[] {
  if (runs.length === 0) return ['nothing: no run was started'];
  return runs.map((run) => {
    const line = `${run.trigger}/${run.run}: ${ending(run)}, ${seconds(run)}, started by ${run.startedBy}`;
    return run.status === 'PASSED' ? line : `${line}. ${run.message} Its console: ${run.console}`;
  });
}

function differenceLines({ differences, local, console }: ReproduceResult): string[] {
  if (local.length === 0) return [];
  if (differences.length === 0) {
    return [`nothing: the same end, tests, artifacts, and ${plural(console?.same ?? 0, 'line')} of output`];
  }
  const counts = new Map<string, number>();
  return differences.flatMap((difference) => {
    const { kind, message } = difference;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count > LISTED + 1) return [];
    if (count <= LISTED) return [kind === 'definition' ? changeOf(difference) : message];
    const more = differences.filter((other) => other.kind === kind).length - LISTED;
    return [`and ${more} more (${kind}); --json has all of them`];
  });
}

/** With what the field is and would be: `…: 2 → 3`; of a text, its first line that is another one. */
function changeOf({ message, server, local }: ReproduceResult['differences'][number]): string {
  if (server === undefined || local === undefined) return message;
  const [there, here] = [server?.split('\n') ?? [ABSENT], local?.split('\n') ?? [ABSENT]];
  const at = there.findIndex((line, index) => line !== here[index]);
  const line = at < 0 ? there.length : at;
  const place = Math.max(there.length, here.length) > 1 ? `, line ${line + 1}` : '';
  const [was, is] = [there, here].map((lines) => shortened(lines[line] ?? ABSENT));
  return `${message.replace(/\.$/, '')}${place}: ${was} → ${is}`;
}

const ABSENT = '(nothing)';
const SHOWN = 60;
const shortened = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text);

/** A server's text of a time, to the second; its own words where they are none. */
function timeOf(text: string | undefined): string | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? text : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The first line that is another one, side by side where there is room for it. */
function divergenceLines({ console }: ReproduceResult, style: Style, width: number): string[] {
  const divergence = console?.divergence;
  if (divergence === undefined) return [];
  const text = (line: ScriptLine | undefined) => (line === undefined ? '(no other line)' : plainLine(line.text));
  const title = (name: string, line: ScriptLine | undefined) =>
    line === undefined ? name : `${name}, line ${line.number}`;
  const heads = [title('server', divergence.server), title('here', divergence.local)] as const;
  const texts = [text(divergence.server), text(divergence.local)] as const;
  const half = Math.floor((width - 7) / 2);
  if (half < NARROWEST || Math.max(...texts.map((one) => one.length)) > half) {
    return [
      `  ${style.dim(heads[0])}`,
      `  ${style.red('-')} ${texts[0]}`,
      `  ${style.dim(heads[1])}`,
      `  ${style.green('+')} ${texts[1]}`,
    ];
  }
  const column = Math.max(texts[0].length, heads[0].length);
  return [
    `  ${style.dim(heads[0].padEnd(column))} | ${style.dim(heads[1])}`,
    `  ${style.red(texts[0].padEnd(column))} | ${style.green(texts[1])}`,
  ];
}
