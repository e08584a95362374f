/** What the build makes: see scripts/build/one-file.ts. */
declare module 'jobserv:commands' {
  export const commands: import('./named-command.js').CommandTable;
}
declare module 'jobserv:package' {
  const published: import('@oclif/core/interfaces').PJSON;
  export default published;
}
