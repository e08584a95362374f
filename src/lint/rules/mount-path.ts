import { mountModeWords } from '../../schema/index.js';
import type { CheckContext, TriggerView } from '../context.js';
import type { Fault, Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { cleanPath, hasRepository, type Volume, volumesOf } from '../runs.js';

/*
 * simple.py `docker_run` passes each volume as `-v source:path`, and a shared one with `:ro` after it. Measured with
 * Docker 20.10 and 29: it refuses relative paths, `/`, two mounts at one place and folders over files, and the run is
 * FAILED. jobserv_worker.py `_update_shared_volumes_mapping` adds the machine's certificates.
 */
export const mountPath: RuleCheck = {
  id: 'mount-path',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const view of context.triggers) {
      for (const run of view.runs) {
        const taken = new Map<string, Volume>();
        for (const volume of volumesOf(context, run)) {
          const finding = pathFault(volume) ?? placeFault(context, view, volume) ?? nameFault(volume);
          const place = cleanPath(withoutMode(volume));
          const other = taken.get(place);
          if (finding) yield { path: volume.path, ...finding };
          else if (other) yield sharedPlace(volume, other);
          else taken.set(place, volume);
        }
      }
    }
  },
};

/** After a colon Docker expects the mode of the mount. */
function withoutMode({ target }: Volume): string {
  return target.split(':')[0] ?? '';
}

function pathFault({ kind, target }: Volume): Fault | undefined {
  if (target === '') return { message: 'A volume needs a path in the container.', help: 'For example `/ccache`.' };
  const [path = '', mode, ...more] = target.split(':');
  if (!path.startsWith('/')) {
    const message = `\`${target}\` is not an absolute path; Docker refuses it.`;
    const literal = /^[~$]/.test(path) ? 'Variables are not filled in here: w' : 'W';
    return {
      message,
      help: `${literal}rite the path from \`/\` on, such as \`${absolutePath(path)}\`.`,
    };
  }
  if (mode !== undefined && (kind === 'shared' || more.length > 0 || mountModeWords(mode) === undefined)) {
    const message = `A colon cannot be in a path here; Docker takes \`:${[mode, ...more].join(':')}\` for the mode of the mount, and refuses it.`;
    return { message, help: `Write \`${path}\`.` };
  }
  return undefined;
}

/** What a relative path probably means; what a shell would fill in is left out. */
function absolutePath(path: string): string {
  const better = cleanPath(path.replace(/^[~$][^/]*/, ''));
  return better === '/' ? '/ccache' : better;
}

/** What the worker mounts into each container: runner/jobserv_runner/handlers/simple.py, `prepare_mounts`. */
const WORKER_MOUNTS: Readonly<Record<string, string>> = {
  '/secrets': 'the secrets',
  '/archive': 'the folder for artifacts',
  '/script-repo': 'the script',
  '/root/.netrc': 'credentials for git and curl',
  '/root/.curlrc': 'settings for curl',
};

/** The files of /proc that runc allows to replace. */
const REPLACEABLE =
  /^\/proc\/(?:cpuinfo|diskstats|loadavg|meminfo|slabinfo|stat|swaps|uptime|sys\/kernel\/ns_last_pid)$/;

function placeFault(context: CheckContext, view: TriggerView, volume: Volume): Fault | undefined {
  const place = cleanPath(withoutMode(volume));
  if (place === '/') return { message: 'A volume cannot take the place of the whole container.' };
  const own = Object.hasOwn(WORKER_MOUNTS, place) ? WORKER_MOUNTS[place] : undefined;
  const mounted =
    own ?? (place === '/repo' && hasRepository(context, view) ? 'the clone of the repository' : undefined);
  if (mounted !== undefined) {
    const message = `The worker mounts ${mounted} at \`${place}\`; Docker refuses two mounts at one path.`;
    return { message, help: 'Choose another path for the volume.' };
  }
  const isReplaced = volume.kind === 'shared' && REPLACEABLE.test(place);
  if ((/^\/proc(?:\/|$)/.test(place) && !isReplaced) || place === '/dev')
    return { message: `A container cannot start with a volume at \`${place}\`.` };
  if (volume.kind === 'persistent' && /^\/etc\/(?:hosts|hostname|resolv\.conf)$/.test(place))
    return { message: `A volume is a folder; \`${place}\` is a file, which Docker makes.` };
  return artifactsFault(place) ?? certificatesFault(place);
}

/** upload_artifacts walks through the folder on the worker, where the volume is an empty folder. */
function artifactsFault(place: string): Fault | undefined {
  if (!place.startsWith('/archive/')) return undefined;
  const message = `What the script puts into \`${place}\` goes to the volume; the worker uploads none of it.`;
  return {
    message,
    severity: 'warning',
    server: 'misbehaves',
    help: 'Mount it elsewhere, and copy what is to be kept.',
  };
}

function certificatesFault(place: string): Fault | undefined {
  if (place !== '/usr/local/share/ca-certificates') return undefined;
  const message = 'A worker that has certificates of its own mounts them here, and the run fails on it.';
  return { message, severity: 'warning', help: 'Choose another path for the volume.' };
}

/** simple.py `_prepare_volumes` joins the folder of the project and the name; a shared volume's name is only looked up. */
function nameFault({ kind, name }: Volume): Fault | undefined {
  if (kind === 'shared' || (name !== '.' && name !== '..')) return undefined;
  const what =
    name === '.' ? 'the folder of all volumes of this project' : 'the folder that contains those of this project';
  const message = `A volume called \`${name}\` is ${what}: the run sees, and can change, what is in there.`;
  return { at: 'key', message, severity: 'warning', server: 'misbehaves', help: 'Give the volume a name.' };
}

function sharedPlace({ path, target }: Volume, other: Volume): Finding {
  const message = `Two volumes of this run are mounted at \`${cleanPath(target)}\`; Docker refuses that.`;
  return { path, message, related: [{ path: other.path, message: `the volume ${other.name}` }] };
}
