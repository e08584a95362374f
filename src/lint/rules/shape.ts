import { childPath, valueAt } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import { locatedText } from '../places.js';
import type { Edit, Rule } from '../rule.js';
import { helpWithChoices, nearest } from '../suggest.js';

/** Rules about keys: which there are, and which there must be. The facts: project-schema.yml of the server. */

export const unknownKey: Rule = {
  id: 'unknown-key',
  severity: 'error',
  server: 'rejects',
  summary: 'A mapping has a key that the server does not know.',
  explain: {
    why: 'The server checks a definition against a schema that names every key. One that it does not know, a misspelt one above all, makes it refuse the whole definition. So there is no place for keys of your own either, such as one that only holds YAML anchors.',
    bad: `${ONE_RUN}      - name: build
        image: alpine:3.20
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'unknown-key') continue;
      const { key, choices } = fault;
      const place = { path: childPath(fault.path, key), at: 'key' as const };
      if (fault.volumes) {
        const message = `\`${key}\` cannot be the name of a volume.`;
        yield { ...place, message, help: 'Use letters, digits, `_`, `.` and `-` only.' };
        continue;
      }
      const help = helpWithChoices(key, choices, 'Known here');
      const fix = otherSpelling(context, fault.path, key, choices);
      const message = `There is no key \`${key}\` here.`;
      yield { ...place, message, ...(help !== undefined && { help }), ...(fix && { fix }) };
    }
  },
};

/** `hostTag` and `host_tag` can only be `host-tag`; other likenesses are for a person to judge. */
function otherSpelling({ document }: CheckContext, path: string, key: string, choices: string[]): Edit | undefined {
  const meant = nearest(key, choices);
  if (meant === undefined || plain(meant) !== plain(key)) return undefined;
  if (valueAt(document.value, childPath(path, meant)) !== undefined) return undefined;
  const range = document.locate(childPath(path, key))?.key;
  return range && locatedText(document, range) === key ? { range, text: meant } : undefined;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '');
}

export const missingKey: Rule = {
  id: 'missing-key',
  severity: 'error',
  server: 'rejects',
  summary: 'A mapping lacks a key that the server needs.',
  explain: {
    why: 'Some keys have no default: `timeout` and `triggers` at the top; `name`, `type` and `runs` of a trigger; `name` and `container` of a run, and a few more. Without one of them the server refuses the definition.',
    bad: `${ONE_RUN}      - name: build
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'missing-key' || context.isMisspelt(fault.path, fault.key)) continue;
      yield { path: fault.path, at: 'whole', message: `The key \`${fault.key}\` is missing here.` };
    }
  },
};
