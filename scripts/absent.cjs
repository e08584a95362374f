// Takes the place of what the engine's client needs only for ssh:// engines and for building images.
module.exports = new Proxy(
  {},
  {
    get: () =>
      function absent() {
        throw new Error('This build of jobserv cannot reach an engine over ssh:// and cannot build images.');
      },
  },
);
