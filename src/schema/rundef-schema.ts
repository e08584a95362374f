import { TRIGGER_TYPES } from './model.js';

const text = (description: string) => ({ type: 'string', description });
const optionalText = (description: string) => ({ type: ['string', 'null'], description });
const texts = (description: string) => ({
  type: ['object', 'null'],
  description,
  additionalProperties: { type: 'string' },
});
const list = (description: string) => ({ type: ['array', 'null'], description, items: { type: 'string' } });

/**
 * The published JSON Schema of a run definition (SPEC 2): what a worker gets, what a server hands out, what `rundef
 * create` writes. Fields that are not known here are allowed; null means not given.
 */
export const RUNDEF_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'urn:jobserv:schema:rundef',
  title: 'JobServ run definition',
  description: 'One run, complete: all that a worker needs to execute it.',
  type: 'object',
  required: ['project', 'timeout', 'trigger_type', 'container'],
  anyOf: [
    { required: ['script'], properties: { script: { type: 'string' } } },
    { required: ['script-repo'], properties: { 'script-repo': { type: 'object' } } },
  ],
  properties: {
    project: text('The name of the project; its slashes make folders.'),
    timeout: { type: 'number', minimum: 0, description: 'The limit of the run, in minutes.' },
    api_key: optionalText('What the run talks to the server with; a server does not hand it out again.'),
    run_url: optionalText('The run on the server; ends with a slash.'),
    frontend_url: optionalText('Where a person reads about the run.'),
    runner_url: optionalText('Where the reference runner is downloaded.'),
    trigger_type: { type: 'string', enum: [...TRIGGER_TYPES], description: 'What started the build.' },
    container: text('The image that the script runs in.'),
    'container-auth': optionalText('The secret that holds the credentials for the image.'),
    privileged: { type: ['boolean', 'null'], description: 'Run the container privileged.' },
    'cap-add': list('Linux capabilities to add.'),
    'cap-drop': list('Linux capabilities to drop.'),
    'container-user': optionalText('The user that the script runs as.'),
    'container-entrypoint': optionalText("null keeps the image's entrypoint, an empty text clears it."),
    env: texts('The environment of the script.'),
    secrets: texts('The values of the secrets by name; a server puts TODO for those that it does not show.'),
    'test-grepping': {
      type: ['object', 'null'],
      description: 'Finds test results in the console.',
      required: ['result-pattern'],
      properties: {
        'test-pattern': optionalText('Python regular expression; its group `name` opens a test.'),
        'result-pattern': text('Python regular expression with the groups `name` and `result`.'),
        fixupdict: {
          type: ['object', 'null'],
          description: 'From the text of a result to its status.',
          additionalProperties: { type: ['string', 'null'] },
        },
      },
    },
    'persistent-volumes': texts('Folders that stay for the next run: name and path in the container.'),
    'shared-volumes': texts('Folders of the worker, read-only: name and path in the container.'),
    'host-tag': optionalText('Which workers may take the run.'),
    'console-progress': {
      type: ['object', 'null'],
      description: 'Finds the progress in the console.',
      required: ['progress-pattern'],
      properties: { 'progress-pattern': text('Python regular expression with the groups `current` and `total`.') },
    },
    script: optionalText('The text of the script.'),
    'script-repo': {
      type: ['object', 'null'],
      description: 'Where the script is instead.',
      required: ['clone-url', 'path'],
      properties: {
        'clone-url': text('Where git clones the scripts from.'),
        path: text('The script in that repository.'),
        'git-ref': optionalText('Branch, tag or commit; without it, the default branch.'),
        token: optionalText('`name` or `user:token`: the names of the secrets to clone with.'),
      },
    },
    simulator: { type: ['boolean', 'null'], description: 'Made for a simulation.' },
    'simulator-inputs': {
      type: ['array', 'null'],
      description: 'Secrets to ask a person for.',
      items: {
        type: 'object',
        required: ['prompt', 'secrets'],
        properties: {
          prompt: text('The question.'),
          secrets: {
            type: 'object',
            description: 'The secrets that the answer is for.',
            additionalProperties: {
              type: ['object', 'null'],
              properties: {
                transform: {
                  type: ['string', 'null'],
                  enum: ['BasicAuth', null],
                  description: 'How the answer becomes the value.',
                },
              },
            },
          },
        },
      },
    },
  },
};
