import type { YamlValue } from '../python/yaml/load.js';
import { asText } from '../schema/values.js';

/** What stands between the blanks, as Python splits. */
export function words(value: YamlValue | undefined): string[] {
  return (asText(value) ?? '').split(/\s+/).filter((word) => word !== '');
}
