/** Makes a worker of a host, and unmakes it. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '../lib/index.js';
import { ServerFailure, WorkerClient } from '../server/index.js';
import { hostProperties, remember } from './host-properties.js';
import type { Self } from './run-processes.js';
import { readJwt, readSettings, SettingsError, settingsPath, writeNewSettings } from './settings.js';

export interface Registration {
  folder: string;
  serverUrl: string;
  hostTags: string;
  /** By default the host's own. */
  hostname?: string | undefined;
  concurrentRuns: number;
  surgesOnly: boolean;
  jwt?: string | undefined;
  /** Of this program. */
  version: string;
  self: Self;
}

export interface Registered {
  name: string;
  settings: string;
  /** The path of the systemd unit. */
  unit: string;
  /** A worker that proves itself with a JWT needs nobody to enlist it. */
  enlistedByToken: boolean;
}

/**
 * Writes the settings, then registers the worker: nobody could use a worker whose key only the server
 * has. When the server refuses the worker, the settings are removed again.
 *
 * @throws SettingsError; ServerFailure
 */
export async function register(registration: Registration): Promise<Registered> {
  const { folder, serverUrl, jwt, self } = registration;
  if (!/^https?:$/.test(URL.canParse(serverUrl) ? new URL(serverUrl).protocol : '')) {
    throw new SettingsError(`${serverUrl} is no address of a server. Give it as https://ci.example.org.`);
  }
  const token = jwt === undefined ? undefined : readJwt(jwt);
  const name = token?.name ?? registration.hostname ?? (await hostName());
  if (!/^[^\s/\p{Cc}]+$/u.test(name)) {
    const shown = JSON.stringify(name);
    throw new SettingsError(
      `${shown} cannot be the name of a worker: it has a blank, a slash or a control character in it.`,
    );
  }
  const restore = await writeNewSettings(folder, {
    ...registration,
    hostname: name,
    apiKey: token === undefined ? randomBytes(32).toString('base64url') : '',
    jwtExpires: token?.expires,
  });
  await announce(folder, restore);
  const unit = join(folder, 'jobserv.service');
  const command = [...self, 'worker', 'loop', '--no-drain'];
  await writeAtomically(unit, systemdUnit({ user: userInfo().username, folder, command }), 0o644);
  return { name, settings: settingsPath(folder), unit, enlistedByToken: token !== undefined };
}

async function announce(folder: string, restore: () => Promise<void>): Promise<void> {
  const settings = await readSettings(folder);
  const properties = await hostProperties(settings);
  const server = new WorkerClient(settings);
  try {
    await server.register(properties);
  } catch (error) {
    // A lost answer leaves it open whether the server has the key: then it is kept.
    if (!(error instanceof ServerFailure && error.maybeDelivered)) {
      await restore();
      throw error;
    }
    const next = 'The settings are kept, since the server may have the worker now: see with "jobserv worker check".';
    const again = `If it does not, remove ${settingsPath(folder)}, and register again.`;
    throw new ServerFailure(error.kind, `${error.message} ${next} ${again}`, { cause: error, maybeDelivered: true });
  } finally {
    await server.close();
  }
  await remember(folder, properties);
}

async function hostName(): Promise<string> {
  const name = await readFile('/etc/hostname', 'utf8').catch(() => '');
  return name.trim() || hostname();
}

/** Removes the worker from its server; its folder stays as it is. */
export async function unregister(folder: string): Promise<{ name: string; server: string }> {
  const settings = await readSettings(folder);
  const server = new WorkerClient(settings);
  try {
    await server.unregister();
  } finally {
    await server.close();
  }
  return { name: settings.hostname, server: settings.serverUrl };
}

export interface UnitOptions {
  user: string;
  /** The worker's folder. */
  folder: string;
  command: readonly string[];
}

/**
 * `KillMode=process`: runs in progress are processes of their own, and outlive a stop, an
 * upgrade and a crash of the service; the next start continues those that did not.
 * `OOMPolicy=continue`: one of them that the kernel ends is no reason to stop the others.
 * `NotifyAccess=all`: a child, systemd-notify, sends the worker's signs. Options that take away `sudo` are missing on
 * purpose, because `[tools]` may reboot with it; docs/operations/hardening.conf has them.
 * @public
 */
export function systemdUnit({ user, folder, command }: UnitOptions): string {
  const path = folder.replaceAll('%', '%%');
  const isTemporary = /^(\/var)?\/tmp(\/|$)/.test(folder);
  return `[Unit]
Description=JobServ worker
Wants=network-online.target
After=network-online.target docker.service

[Service]
Type=notify
NotifyAccess=all
WatchdogSec=5min
User=${user}
WorkingDirectory=${path}
ExecStart=${command.map(word).join(' ')}
Restart=always
RestartSec=5
KillMode=process
OOMPolicy=continue
LimitCORE=0
ProtectSystem=full
ProtectHome=read-only
ProtectControlGroups=yes
${isTemporary ? '' : 'PrivateTmp=yes\n'}ReadWritePaths="${path.replace(/[\\"]/g, '\\$&')}"

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a command line as systemd.service(5) reads it: `%` and `$` stand for nothing, `"` ends nothing. */
function word(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./:=@+,-]+$/.test(text) ? text : `"${escaped}"`;
}
