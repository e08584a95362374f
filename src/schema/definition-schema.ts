import { TRIGGER_TYPES } from './model.js';

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

/**
 * The published JSON Schema of a project definition, for editors and for other tools (SPEC 1).
 *
 * It says what the server says as far as JSON Schema can: what an optional key may be null for, what a text is,
 * which keys there are. What it cannot say (a script that is not there, chains of triggers, placeholders, names that
 * get too long by a loop) is said by `rules/`. The check at run time uses the shape of it, compiled
 * (`scripts/build-schema.ts`): without `conditions`, which the rules say better.
 */
export const DEFINITION_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'urn:jobserv:schema:definition',
  title: 'JobServ project definition',
  description: 'What a project builds: triggers, their runs, and the scripts that the runs execute. YAML 1.1.',
  ...fixed({
    required: ['timeout', 'triggers'],
    properties: {
      description: text('What this project is.'),
      timeout: { type: 'integer', title: 'Timeout', description: 'The limit of each run, in minutes.' },
      params: textMap('Environment of every run; parameters of triggers, runs and builds win over them.'),
      email: email(),
      webhooks: webhooks(),
      scripts: textMap('The scripts by name. A script begins with a line like `#!/bin/sh -e`.'),
      'script-repos': {
        ...map({ $ref: '#/definitions/scriptRepo' }),
        title: 'Script repositories',
        description: 'Git repositories that hold scripts, by name.',
      },
      triggers: {
        type: 'array',
        title: 'Triggers',
        description: 'What starts a build, and the runs of that build.',
        items: { $ref: '#/definitions/trigger' },
      },
    },
  }),
  definitions: {
    scriptRepo: fixed({
      required: ['clone-url'],
      properties: {
        'clone-url': { type: 'string', description: 'Where git clones the scripts from.' },
        'git-ref': text('Branch, tag or commit; without it, the default branch.'),
        token: text('`name` or `user:token`: the names of the secrets to clone with.'),
      },
    }),
    trigger: fixed({
      required: ['name', 'type', 'runs'],
      properties: {
        name: { type: 'string', maxLength: 80, description: 'The name of the trigger, at most 80 characters.' },
        type: {
          type: 'string',
          title: 'Trigger type',
          description:
            'What starts it: commits on a branch (git_poller), a pull request (github_pr), a merge request (gitlab_mr), or a person or another trigger (simple).',
          enum: [...TRIGGER_TYPES],
        },
        params: textMap("Environment of this trigger's runs; wins over the project's parameters."),
        runs: {
          type: 'array',
          title: 'Runs',
          description: 'The runs that a build of this trigger consists of; they run side by side.',
          items: { $ref: '#/definitions/run' },
        },
        triggers: triggerReferences('Triggers to start when every run of the build has passed.'),
        email: email(),
        webhooks: webhooks(),
      },
    }),
    run: RUN_SCHEMA,
  },
};
