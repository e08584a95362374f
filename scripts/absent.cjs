// Takes the place of packages that only unused features need (ABSENT in build.ts).
module.exports = new Proxy(
  {},
  {
    get: () =>
      function absent() {
        throw new Error('This build of jobserv cannot reach an engine over ssh://, build images or open an editor.');
      },
  },
);
