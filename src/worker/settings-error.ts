/** A worker's folder or settings that cannot be used as they are; the message says what to do about it. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}
