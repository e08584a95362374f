/** The environment that git is started with: an allow-list. A secret given as `-s NAME` stands in ours, and must not reach git's children. */

import { childEnvironment } from '../lib/index.js';

type Environment = Record<string, string>;

/** What programs need to work on this host at all, and how this host reaches servers. */
const KEPT = new Set(
  [
    'PATH HOME USER LOGNAME SHELL TMPDIR TZ XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR',
    'SSH_AUTH_SOCK SSH_AGENT_PID DBUS_SESSION_BUS_ADDRESS KRB5CCNAME KRB5_CONFIG GNUPGHOME',
    'SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE CURL_HOME LD_LIBRARY_PATH NIX_SSL_CERT_FILE',
    'http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY',
  ].flatMap((line) => line.split(' ')),
);
const TRANSPORT = /^GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|PROXY_\w+|HTTP_\w+|EXEC_PATH|CONFIG_(SYSTEM|NOSYSTEM))$/;
/** The user's configuration, as `git -c` and a CI system's set-up pass it on. */
const CONFIGURATION = /^GIT_CONFIG_(GLOBAL|PARAMETERS|COUNT|KEY_\d+|VALUE_\d+)$/;

/** A transport helper (`ext::`, `fd::`) runs what its URL says, and `file` names this host's files: never. */
const PROTOCOLS = 'https:http:git:ssh';
/** For a clone of what is the user's own, or ours. */
export const FROM_THIS_HOST = { GIT_ALLOW_PROTOCOL: 'file' };

/** For commands on behalf of a run: the system's git configuration, and the run's own HOME in place of the user's. */
export function runEnvironment(home: string): Environment {
  const { XDG_CACHE_HOME: _cache, XDG_DATA_HOME: _data, ...kept } = inherited((name) => TRANSPORT.test(name));
  return { ...kept, HOME: home, XDG_CONFIG_HOME: `${home}/.config` };
}

/**
 * For reading the user's own repository as the user's git reads it: their HOME and configuration. It has no transport:
 * for an object that is missing git would ask the remote that the repository's configuration names, with the programs
 * that it names.
 */
export function userEnvironment(): Environment {
  const environment = inherited((name) => TRANSPORT.test(name) || CONFIGURATION.test(name));
  return { ...environment, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: '' };
}

/** No `GIT_DIR` of a hook that started us: it would aim every command at the wrong repository. */
function inherited(keepGit: (name: string) => boolean): Environment {
  const environment: Environment = {};
  for (const [name, value] of Object.entries(childEnvironment())) {
    if (value !== undefined && (KEPT.has(name) || keepGit(name))) environment[name] = value;
  }
  return {
    ...environment,
    // Messages are matched (failure.ts), so they must be in one language.
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: PROTOCOLS,
    GIT_DEFAULT_REF_FORMAT: 'files',
    // glibc returns freed memory to the kernel for each object that git packs or adds: three quarters of its time.
    MALLOC_TRIM_THRESHOLD_: '268435456',
    MALLOC_TOP_PAD_: '16777216',
  };
}
