/** What the docker client's own configuration means for a simulation. */
import { homedir } from 'node:os';
import { loadDockerConfig } from './docker-config.js';
import { proxyEnvironment } from './proxies.js';

export interface DockerSettings {
  /** What scripts see of it, as it stands in the file. */
  dockerConfig: string | undefined;
  proxies(engineAddress: string): string[];
  /** Texts in it that open a registry. */
  credentials: string[];
  /** What scripts get otherwise than on a worker, as the ledger lists it. */
  differences: { kind: 'docker-config-off'; message: string }[];
}

/** @param visible whether scripts may see it */
export function dockerSettings(visible: boolean): DockerSettings {
  const { config, text } = loadDockerConfig(process.env, homedir());
  const credentials = Object.values(config.auths ?? {}).flatMap(({ auth, identitytoken, password }) => [
    ...(auth
      ? [
          auth,
          Buffer.from(auth, 'base64')
            .toString()
            .replace(/^[^:]*:/, ''),
        ]
      : []),
    ...(identitytoken ? [identitytoken] : []),
    ...(password ? [password] : []),
  ]);
  const hidden = !visible && text !== undefined;
  return {
    dockerConfig: visible ? text : undefined,
    proxies: (address) => proxyEnvironment(config, address),
    credentials,
    differences: hidden ? [{ kind: 'docker-config-off', message: HIDDEN }] : [],
  };
}

const HIDDEN = 'The docker client configuration was kept from the script (--no-docker-config).';
