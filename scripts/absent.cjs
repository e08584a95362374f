// Takes the place of packages that only unused features need (ABSENT in build.ts).
module.exports = new Proxy(
  {},
  {
    get: () =>
      function absent() {
        throw new Error(
          'This build of jobserv has no ssh client of its own, and cannot build images or open an editor.',
        );
      },
  },
);
