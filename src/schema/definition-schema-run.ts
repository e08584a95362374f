import { fixed, flag, map, text, textList, textMap, triggerReferences, volumes } from './definition-schema-parts.js';

const nonEmpty = { type: 'string', minLength: 1 };
const eachLoop = (schema: object) => ({ properties: { 'loop-on': { items: { properties: { values: schema } } } } });

/** What the server asks of a run beyond its shape. */
const conditions = [
  {
    description: 'Exactly one of `script` and `script-repo`.',
    oneOf: [
      { required: ['script'], properties: { script: nonEmpty } },
      {
        required: ['script-repo'],
        properties: { 'script-repo': { type: 'object', required: ['name'], properties: { name: nonEmpty } } },
      },
    ],
  },
  {
    description: 'A host-tag, or a loop over host-tag.',
    anyOf: [
      { required: ['host-tag'] },
      {
        required: ['loop-on'],
        properties: {
          'loop-on': {
            type: 'array',
            contains: { type: 'object', required: ['param'], properties: { param: { const: 'host-tag' } } },
          },
        },
      },
    ],
  },
  {
    description: 'A name has less than 80 characters.',
    if: { required: ['loop-on'], properties: { 'loop-on': { type: 'array', minItems: 1 } } },
    else: { properties: { name: { maxLength: 79 } } },
  },
  {
    description: 'The values of a loop are texts.',
    if: eachLoop({ minItems: 1 }),
    // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
    then: eachLoop({ items: { type: 'string' } }),
  },
];

export const RUN_SCHEMA = {
  ...fixed({
    required: ['name', 'container'],
    properties: {
      name: {
        type: 'string',
        description: 'The name of the run, less than 80 characters; `{loop}` stands for the values of `loop-on`.',
      },
      container: { type: 'string', description: 'The image that the script runs in.' },
      'host-tag': text('Which workers may take the run: one of their tags, `*` and `?` as in a glob.'),
      script: text('The name of one of `scripts`.'),
      'script-repo': {
        ...fixed({
          required: ['name', 'path'],
          properties: {
            name: { type: 'string', description: 'The name of one of `script-repos`.' },
            path: { type: 'string', description: 'The script in that repository.' },
          },
        }),
        description: 'A script from a git repository.',
      },
      'loop-on': {
        type: ['array', 'null'],
        title: 'Loop',
        description: 'Makes one run of each combination of the values; each value becomes a parameter.',
        items: fixed({
          required: ['param', 'values'],
          properties: {
            param: { type: 'string', description: "The parameter to set; `host-tag` sets the run's host-tag." },
            values: { type: 'array', items: { type: ['string', 'null'] } },
          },
        }),
      },
      params: textMap("Environment of this run; wins over the project's and the trigger's parameters."),
      'container-auth': text('The secret that holds the credentials for the image.'),
      'container-user': text('The user that the script runs as.'),
      'container-entrypoint': text('Replaces the entrypoint of the image; an empty text clears it.'),
      privileged: flag('Run the container privileged.'),
      'cap-add': textList('Linux capabilities to add.'),
      'cap-drop': textList('Linux capabilities to drop.'),
      'persistent-volumes': volumes(
        'Folders that stay on the worker for the next run: name and path in the container.',
      ),
      'shared-volumes': volumes('Folders of the worker, read-only: name and path in the container.'),
      'console-progress': {
        ...fixed({
          required: ['progress-pattern'],
          properties: {
            'progress-pattern': {
              type: 'string',
              description: 'Python regular expression with the groups `current` and `total`.',
            },
          },
        }),
        description: 'Finds the progress of the run in its console.',
      },
      'test-grepping': {
        ...fixed({
          required: ['result-pattern'],
          properties: {
            'test-pattern': text('Python regular expression; its group `name` opens a test.'),
            'result-pattern': {
              type: 'string',
              description: 'Python regular expression with the groups `name` and `result`.',
            },
            fixupdict: {
              ...map({ type: ['string', 'null'] }),
              description: 'From the text of a result to its status.',
            },
          },
        }),
        description: 'Finds test results in the console of the run.',
      },
      triggers: triggerReferences('Triggers to start when this run has passed.'),
    },
  }),
  allOf: conditions,
};
