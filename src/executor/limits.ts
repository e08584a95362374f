/** The numbers of the story. Facts of SPEC 3 and 4; tests pass smaller ones. */
export interface Limits {
  /** Waits before the second, third and fourth try to pull, ms. */
  pullWaits: readonly number[];
  /** A script that has written nothing for so long is looked into, ms. */
  hungAfter: number;
  /** What a minute of the rundef's `timeout` lasts, ms. */
  minute: number;
  /** How long the last output of a killed container may take to arrive, ms. */
  drain: number;
  /** How long `ps` and `top` inside the container may take, ms. */
  diagnosis: number;
}

export const LIMITS: Limits = {
  pullWaits: [2_000, 3_000, 5_000],
  hungAfter: 300_000,
  minute: 60_000,
  drain: 10_000,
  diagnosis: 30_000,
};
