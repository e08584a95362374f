import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';
import { readAssignments } from './assignments.js';

/**
 * The params of `-p KEY=VALUE` and `--param-file`; a flag wins over the file, the later of two
 * flags over the earlier. Null-prototype, so that `__proto__` is a param like any other.
 *
 * @throws UsageError for a flag without `=`, a file that cannot be read, or a name that no
 *   worker could hand to a container (SPEC 3, env)
 */
export async function readParams(given: { flags?: readonly string[]; file?: string | undefined }): Promise<StringMap> {
  const params: StringMap = Object.create(null);
  if (given.file !== undefined) Object.assign(params, await readAssignments(given.file, 'the param file'));
  for (const flag of given.flags ?? []) {
    const at = flag.indexOf('=');
    if (at < 0)
      throw new UsageError(`-p ${flag} says no value; write -p ${flag}=VALUE, or -p ${flag}= for an empty one.`);
    params[flag.slice(0, at)] = flag.slice(at + 1);
  }
  for (const name of Object.keys(params)) refuseBadName(name);
  return params;
}

function refuseBadName(name: string): void {
  const why =
    name === ''
      ? 'it is empty'
      : /\s/.test(name)
        ? 'there is a blank in it'
        : name.startsWith('#')
          ? 'a worker reads it as a comment'
          : undefined;
  if (why) throw new UsageError(`${JSON.stringify(name)} cannot be the name of a param: ${why}.`);
}
