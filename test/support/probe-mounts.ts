/** The mounts of a container, from `/proc/1/mountinfo`, without what is the host's own affair. */

interface MountLine {
  root: string;
  target: string;
  text: string;
}

/** Target, access and propagation; which filesystem lies under it may differ. */
function mountLines(mountinfo: string): MountLine[] {
  const decodeOctal = (path: string) =>
    path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return mountinfo
    .trim()
    .split('\n')
    .map((line) => {
      const [, , , root = '', target = '', flags = '', ...rest] = line.split(' ');
      const optional = rest.slice(0, rest.indexOf('-')).map((field) => field.split(':')[0]);
      const access = flags.split(',')[0] ?? '';
      const propagation = target === '/' || optional.length === 0 ? 'private' : optional.join('+');
      return { root, target: decodeOctal(target), text: `${decodeOctal(target)} ${access} ${propagation}` };
    });
}

/** What was mounted for the run, and the engine's own mounts as they differ from the baseline's. */
export function mounts(
  mountinfo: string,
  baseline: string,
  replace: readonly [string, string][],
): { mounts: string[]; engineMounts: unknown } {
  const theirs = mountLines(baseline).filter((line) => line.target !== '/probe');
  const known = new Set(theirs.map((line) => line.target));
  const mine = mountLines(mountinfo).map((line) => ({
    ...line,
    text: line.root.endsWith('/_data') ? `${line.target} is a volume of the engine` : line.text,
  }));
  const text = (lines: MountLine[]) => lines.map((line) => line.text).sort();
  const own = text(mine.filter((line) => !known.has(line.target)));
  return {
    mounts: own.map((line) => replace.reduce((value, [from, to]) => value.replaceAll(from, to), line)).sort(),
    engineMounts: versusDefault(
      text(mine.filter((line) => known.has(line.target))).join('\n'),
      text(theirs).join('\n'),
    ),
  };
}

/** The engine keeps /etc/hostname in a folder that bears the container's id. */
export function shortId(mountinfo: string): string | undefined {
  const line = mountLines(mountinfo).find((mount) => mount.target === '/etc/hostname');
  return /\/([0-9a-f]{12})[0-9a-f]{52}\//.exec(line?.root ?? '')?.[1];
}

/** `default`, or the lines that differ. */
export function versusDefault(value: string, baseline: string): unknown {
  if (value === baseline) return 'default';
  const [mine, theirs] = [value.trim().split('\n'), baseline.trim().split('\n')];
  if (mine.length === 1) return value.trim();
  return {
    added: mine.filter((line) => !theirs.includes(line)),
    missing: theirs.filter((line) => !mine.includes(line)),
  };
}
