/** How long the engine may take, in milliseconds; tests give shorter ones. */
export interface EngineLimits {
  /** One call that the engine answers at once. */
  call: number;
  /** A pull from which nothing is heard. */
  stall: number;
  /** An engine that went away while a script ran may come back. */
  reconnect: number;
  /** After the script's end: a console that neither ends nor says anything. */
  drain: number;
  /** A console that ended before its script; then it is looked at. */
  earlyEnd: number;
  /** A credential helper of the user's. */
  helper: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  call: 60_000,
  stall: 120_000,
  reconnect: 10_000,
  drain: 20_000,
  earlyEnd: 1_000,
  helper: 30_000,
};

/**
 * Runs a call that must end in time. The client does not notice every connection that is
 * cut while an answer comes, so that the call itself may never end. It is left to itself then:
 * a signal would not take back what the engine has been asked for, and costs every call.
 */
export async function within<T>(ms: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it did not answer in ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}
