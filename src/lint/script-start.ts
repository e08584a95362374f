import { parseImageName } from '../schema/image-reference.js';
import { asText } from '../schema/values.js';
import type { RunView } from './context.js';
import type { RunScript } from './run-scripts.js';

/** An entrypoint of the run's own gets the script as an argument, and may be what reads it. */
export function startedDirectly({ runs }: RunScript): RunView[] {
  return runs.filter(({ run }) => !run['container-entrypoint']);
}

/** `alpine` for the official image of that name, whatever its tag. */
export function officialName(run: RunView['run']): string | undefined {
  const image = parseImageName(asText(run['container']) ?? '');
  return image?.registry === 'docker.io' ? image.path.replace(/^library\//, '') : undefined;
}
