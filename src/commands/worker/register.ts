import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { register, thisProgram } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class Register extends BaseCommand {
  static override summary = 'Make this host a worker of a server.';
  static override description =
    'Writes settings.conf, with a new key for the worker, and a systemd unit, and registers the worker at the server. Then it lists the next steps.';
  static override examples = [
    {
      description: 'A worker for two tags that takes three runs at a time',
      command:
        '<%= config.bin %> worker register https://ci.example.org amd64,kvm --concurrent-runs 3 --folder /srv/worker',
    },
    {
      description: 'With a token of the server, which holds the name',
      command: 'JOBSERV_WORKER_JWT="$(cat token)" <%= config.bin %> worker register https://ci.example.org amd64',
    },
  ];
  static override args = {
    server_url: Args.string({ required: true, ignoreStdin: true, description: "the server's address" }),
    host_tags: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'the host-tags of the runs that it takes; separated by commas',
    }),
  };
  static override flags = {
    ...FOLDER_FLAG,
    hostname: Flags.string({ description: "the worker's name; by default the host's name", helpValue: 'NAME' }),
    'concurrent-runs': Flags.integer({ description: 'how many runs at a time', helpValue: 'N', min: 1, default: 1 }),
    'surges-only': Flags.boolean({ description: 'take runs only while many are waiting' }),
    jwt: Flags.string({
      description:
        'a token of the server, instead of a key; prefer JOBSERV_WORKER_JWT, since others on this host can read a command line',
      env: 'JOBSERV_WORKER_JWT',
      helpValue: 'TOKEN',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Register);
    const { name, settings, unit, enlistedByToken } = await register({
      folder: workerFolder(flags),
      serverUrl: args.server_url,
      hostTags: args.host_tags,
      hostname: flags.hostname,
      concurrentRuns: flags['concurrent-runs'],
      surgesOnly: Boolean(flags['surges-only']),
      jwt: flags.jwt,
      version: this.config.version,
      self: thisProgram(),
    });
    const enlist = enlistedByToken ? '' : `\nThe server gives it work once somebody has enlisted ${name} there.\n`;
    this.print(`The worker ${name} is registered at ${args.server_url}. Its settings are in ${settings}.
${enlist}
To run it as a service:
  sudo cp ${unit} /etc/systemd/system/
  sudo systemctl daemon-reload
  sudo systemctl enable --now jobserv

To run it in a terminal:
  jobserv worker loop --folder ${workerFolder(flags)}

Its user must be allowed to use the container engine.
`);
  }
}
