/** The image that the server's run had, by its digest, and whether its tag stands for another one by now. */

import { connectEngine } from '../../docker/index.js';
import { containerAuth, RunFailure } from '../../executor/index.js';
import { parseImageName, type StringMap } from '../../schema/index.js';
import type { RunDifference } from './compare.js';

export interface PinnedImage {
  /** As the rundef names it. */
  reference: string;
  /** The same by digest. */
  pinned: string;
  /** Whether the registry now gives another image under that name; undefined: it could not be asked. */
  moved?: boolean;
}

/** Undefined where there is nothing to pin: no digest is known, or the rundef names one itself. */
export function pinImage(reference: string, digest: string | undefined): PinnedImage | undefined {
  const image = parseImageName(reference);
  if (digest === undefined || image === undefined || image.digest !== undefined) return undefined;
  const name = image.tag === undefined ? reference : reference.slice(0, -image.tag.length - 1);
  return { reference, pinned: `${name}@${digest}` };
}

/** @throws what nobody foresaw; a registry that gives no answer is no fault */
export async function hasMoved(
  { reference, pinned }: PinnedImage,
  auth: string | null,
  secrets: StringMap,
): Promise<boolean | undefined> {
  try {
    const engine = await connectEngine({ logDriver: 'none' });
    const credentials = containerAuth({ 'container-auth': auth, secrets });
    const answer = await engine.askRegistry(reference, credentials);
    return answer === undefined ? undefined : !pinned.endsWith(`@${answer.digest}`);
  } catch (error) {
    // The replay itself says what is wrong with the engine or the registry.
    if (error instanceof RunFailure) return undefined;
    throw error;
  }
}

export function movedTag({ reference, pinned }: PinnedImage): RunDifference {
  const message = `The tag has moved since: ${reference} is another image now than the one of the run, which was taken here.`;
  return { kind: 'image', message, server: pinned, local: reference };
}
