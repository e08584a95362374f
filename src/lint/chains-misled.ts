import type { Chain, Step } from './chains.js';

/** The step that leads into a chain only because its trigger is not there. */
export function misled({ steps }: Chain): Step | undefined {
  return steps.slice(0, 2).find(({ to, name }) => to !== undefined && to.name !== name);
}
