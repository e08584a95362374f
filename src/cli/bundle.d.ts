/** What the build makes: see scripts/build/one-file.ts. */
declare module 'jobserv:commands' {
  export const commands: import('./named-command.js').CommandTable;
}
