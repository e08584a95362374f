// What this program uses of undici. Its index would load fetch, WebSockets and mocks as well, and through them the
// undici that Node has inside: twice the memory and the start of a run's process.
const request = require('../node_modules/undici/lib/api/api-request.js');
const Dispatcher = require('../node_modules/undici/lib/dispatcher/dispatcher.js');
const EnvHttpProxyAgent = require('../node_modules/undici/lib/dispatcher/env-http-proxy-agent.js');

Dispatcher.prototype.request = request;
module.exports = { EnvHttpProxyAgent };
