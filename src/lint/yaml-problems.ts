import type { CheckContext } from './context.js';
import type { Finding } from './rule.js';

export function problemFinding({ message, range, help }: NonNullable<CheckContext['document']['problem']>) {
  return { message, range, ...(help !== undefined && { help }) } satisfies Omit<Finding, 'path'>;
}
