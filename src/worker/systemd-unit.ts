/** The worker as a service of systemd. */

export interface UnitOptions {
  user: string;
  /** The worker's folder. */
  folder: string;
  command: readonly string[];
}

/**
 * `KillMode=process`: runs in progress are processes of their own, and outlive a stop, an
 * upgrade and a crash of the service; the next start goes on with those that did not.
 * `OOMPolicy=continue`: one of them that the kernel ends is no reason to stop the others.
 */
export function systemdUnit({ user, folder, command }: UnitOptions): string {
  return `[Unit]
Description=JobServ worker
Wants=network-online.target
After=network-online.target docker.service

[Service]
Type=simple
User=${user}
WorkingDirectory=${folder.replaceAll('%', '%%')}
ExecStart=${command.map(word).join(' ')}
Restart=always
RestartSec=5
KillMode=process
OOMPolicy=continue

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a command line as systemd.service(5) reads it: `%` and `$` stand for nothing, `"` ends nothing. */
function word(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./:=@+,-]+$/.test(text) ? text : `"${escaped}"`;
}
