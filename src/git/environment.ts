/** The environment that git is started with: nothing of ours, or of a calling hook's, leaks into it. */

type Environment = Record<string, string>;

/** How the host reaches servers; the host's own business, so kept. */
const TRANSPORT = /^GIT_(SSH|SSL_|PROXY_|HTTP_|EXEC_PATH$|CONFIG_(SYSTEM|NOSYSTEM)$)/;
/** The user's configuration, as `git -c` and a CI system's set-up pass it on. */
const CONFIGURATION = /^GIT_CONFIG_(GLOBAL|PARAMETERS|COUNT|KEY_\d+|VALUE_\d+)$/;

/** Transports of a top clone. A transport helper (`ext::`, `fd::`) runs what its URL says: never. */
const CLONE_PROTOCOLS = 'https:http:git:ssh:file';
/** A submodule's URL comes out of the repository: it must not name this host's files. */
export const SUBMODULE_PROTOCOLS = 'https:http:git:ssh';

/**
 * For commands on behalf of a run: the system's git configuration, and the run's own HOME
 * in place of the user's.
 */
export function runEnvironment(home: string): Environment {
  return {
    ...inherited((name) => TRANSPORT.test(name)),
    HOME: home,
    XDG_CONFIG_HOME: `${home}/.config`,
  };
}

/** For reading the user's own repository as the user's git reads it: their HOME and configuration. */
export function userEnvironment(): Environment {
  return { ...inherited((name) => TRANSPORT.test(name) || CONFIGURATION.test(name)), GIT_OPTIONAL_LOCKS: '0' };
}

/** All but git's own variables: a `GIT_DIR` of the hook that started us would aim every command at the wrong repository. */
function inherited(keepGit: (name: string) => boolean): Environment {
  const environment: Environment = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || name === 'SSH_ASKPASS') continue;
    if (!name.startsWith('GIT_') || keepGit(name)) environment[name] = value;
  }
  return {
    ...environment,
    // Messages are matched (failure.ts), so they must be in one language.
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: CLONE_PROTOCOLS,
    // Files are written by hand beside git's (replica.ts).
    GIT_DEFAULT_REF_FORMAT: 'files',
  };
}
