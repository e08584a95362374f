/** Flags that say how a run is executed here; `simulate` and `reproduce` take them. */
import * as Flags from '@oclif/core/flags';

export const REPLAY_FLAGS = {
  workspace: Flags.string({
    description: 'folder for what a run keeps; by default in the cache folder',
    helpValue: 'DIR',
  }),
  'shared-volume': Flags.string({
    description: 'the folder behind a shared volume; may be given often',
    helpValue: 'NAME=PATH',
    multiple: true,
    multipleNonGreedy: true,
  }),
  image: Flags.string({
    description: 'use another image; may be given often',
    helpValue: 'FROM=TO',
    multiple: true,
    multipleNonGreedy: true,
  }),
  keep: Flags.boolean({ description: 'keep the checkouts (repo, script-repo) in the workspace' }),
  memory: Flags.string({ description: 'memory limit of the container: 512m, 2g', helpValue: 'SIZE' }),
  'docker-config': Flags.boolean({
    description: "show scripts the docker client's configuration, as a worker does",
    default: true,
    allowNo: true,
  }),
};
