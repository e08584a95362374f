/**
 * A server for measures, in a process of its own: takes consoles and artifacts of a run, and throws them
 * away. `node server.mjs DELAY`: milliseconds before each answer to a post. Prints its port. `GET /arrivals`
 * answers when each post of a console arrived, ms since 1970, and with how many bytes.
 */
import { createServer } from 'node:http';

const delay = Number(process.argv[2] ?? 0);
const arrivals = [];

const server = createServer((request, response) => {
  let bytes = 0;
  const pieces = [];
  const keep = request.method === 'POST';
  request.on('data', (chunk) => {
    bytes += chunk.length;
    if (keep && request.url.endsWith('create_signed')) pieces.push(chunk);
  });
  request.on('end', () => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (request.method === 'PUT') return answer(201, '');
    if (request.url === '/arrivals') return answer(200, arrivals);
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/plain', 'x-run-status': 'RUNNING' });
      return response.end();
    }
    if (request.url.endsWith('create_signed')) {
      const names = JSON.parse(Buffer.concat(pieces).toString());
      const url = (name) => `http://${request.headers.host}/put/${encodeURIComponent(name)}`;
      const urls = Object.fromEntries(names.map((name) => [name, { url: url(name), 'content-type': 'text/plain' }]));
      return answer(200, { status: 'success', data: { urls } });
    }
    if (bytes > 0) arrivals.push({ at: Date.now(), bytes });
    setTimeout(() => answer(200, { status: 'success', data: {} }), delay);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit()).resume();
