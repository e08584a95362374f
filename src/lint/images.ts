import { type ImageName, parseImageName } from '../schema/image-reference.js';
import { asText } from '../schema/values.js';
import type { CheckContext, RunView } from './context.js';

interface UsedImage extends RunView {
  text: string;
  image: ImageName | undefined;
}

/** `path` leads to the name. */
export function* images(context: CheckContext): Generator<UsedImage> {
  for (const view of context.runs) {
    const text = asText(view.run['container']);
    if (text !== undefined) yield { ...view, path: `${view.path}/container`, text, image: parseImageName(text) };
  }
}
