/** A worker as the server knows it. */

export class LiveWorker {
  readonly name: string;
  /** None for one with a JWT. */
  apiKey: string | undefined;
  distro = '?';
  mem_total = 1;
  cpu_total = 1;
  cpu_type = '?';
  concurrent_runs = 1;
  host_tags = '';
  surges_only: boolean | null = null;
  enlisted = false;
  /** Stays known when it is deleted: its name is never free again. */
  deleted = false;
  online = true;
  /** The query of every check-in while it was enlisted. */
  readonly checkIns: Record<string, string>[] = [];
  readonly events: unknown[] = [];
  /** As they came, gzipped. */
  readonly logs: Buffer[] = [];

  constructor(name: string, apiKey: string | undefined) {
    this.name = name;
    this.apiKey = apiKey;
  }

  get tags(): string[] {
    return [this.name, ...this.host_tags.split(',').map((tag) => tag.trim())];
  }

  asJson(url: string): Record<string, unknown> {
    const { name, distro, mem_total, cpu_total, cpu_type, enlisted, concurrent_runs, online, surges_only } = this;
    const host_tags = this.host_tags.split(',');
    return {
      name,
      url,
      distro,
      mem_total,
      cpu_total,
      cpu_type,
      enlisted,
      concurrent_runs,
      host_tags,
      online,
      surges_only,
    };
  }
}
