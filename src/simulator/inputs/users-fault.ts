import { UsageError } from '../../lib/errors.js';
import { ServerFailure } from '../../server/server-failure.js';

/** Where the server was there and said no, the address is to mend: that is wrong usage, not the environment. */
export async function usersFault<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ServerFailure && error.environment === undefined) throw new UsageError(error.message);
    throw error;
  }
}
