/**
 * Pieces of the definition's JSON Schema. What null is good for follows the server: an optional text, flag or list may be
 * null and counts as not given (or, as an element, as it is); a mapping never may.
 */

/** An optional text. */
export const text = (description: string) => ({ type: ['string', 'null'], description });

/** An optional true or false. */
export const flag = (description: string) => ({ type: ['boolean', 'null'], description });

/** An optional list of texts. */
export const textList = (description: string) => ({
  type: ['array', 'null'],
  description,
  items: { type: ['string', 'null'] },
});

/** A mapping with keys of the author's choice. */
export const map = <Value>(value: Value) => ({ type: 'object', additionalProperties: value });

/** Texts by a key of the author's choice. */
export const textMap = (description: string) => ({ ...map({ type: ['string', 'null'] }), description });

/** A mapping with these keys and no other. */
export const fixed = <Required extends string[], Properties extends object>(schema: {
  required?: Required;
  properties: Properties;
}) => ({ type: 'object', ...schema, additionalProperties: false });

/** Paths by the name of a volume. The server's pattern lets a newline at the end pass, and the pattern's own text. */
export const volumes = (description: string) => ({
  type: 'object',
  description,
  properties: { 'regex;(^[a-zA-Z0-9_\\.\\-]+$)': { type: ['string', 'null'] } },
  patternProperties: { '^[a-zA-Z0-9_.\\-]+\\n?$': { type: ['string', 'null'] } },
  additionalProperties: false,
});

/** What is started when a run or a build has passed; one of the two lists that may not be null. */
export const triggerReferences = (description: string) => ({
  type: 'array',
  description,
  items: fixed({
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'The name of the trigger to start.' },
      'run-names': text('How its runs are called; `{name}` stands for the name that they have there.'),
    },
  }),
});

export const email = () => ({
  ...fixed({
    required: ['users'],
    properties: {
      users: { type: 'string', description: 'Addresses, separated by commas.' },
      only_failures: flag('Mail only when a build failed.'),
    },
  }),
  title: 'Mail',
  description: 'Who gets mail when a build is complete.',
});

export const webhooks = () => ({
  type: ['array', 'null'],
  title: 'Webhooks',
  description: 'What is called when a build is complete.',
  items: fixed({
    required: ['url', 'secret_name'],
    properties: {
      url: { type: 'string', description: 'Gets a POST with the build as JSON.' },
      secret_name: { type: 'string', description: 'The secret that the request is signed with.' },
      only_failures: flag('Call only when a build failed.'),
    },
  }),
});
