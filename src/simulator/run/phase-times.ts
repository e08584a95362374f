import type { Journal, Phase } from '../../executor/ports.js';
import { monotonicMs } from '../../lib/monotonic.js';

export interface PhaseTime {
  name: Phase;
  durationMs: number;
}

/** A journal that keeps how long each phase took; one that was begun again, after a reboot, is added up. */
export class PhaseTimes implements Journal {
  readonly #begun = new Map<Phase, number>();
  readonly #times = new Map<Phase, number>();

  begin(phase: Phase): void {
    this.#begun.set(phase, monotonicMs());
  }

  end(phase: Phase): void {
    const begun = this.#begun.get(phase) ?? monotonicMs();
    this.#times.set(phase, (this.#times.get(phase) ?? 0) + monotonicMs() - begun);
  }

  /** In the order in which they first ended. */
  list(): PhaseTime[] {
    return [...this.#times].map(([name, durationMs]) => ({ name, durationMs: Math.round(durationMs) }));
  }
}
