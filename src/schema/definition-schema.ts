import { email, fixed, map, text, textMap, triggerReferences, webhooks } from './definition-schema-parts.js';
import { RUN_SCHEMA } from './definition-schema-run.js';
import { TRIGGER_TYPES } from './model.js';

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
