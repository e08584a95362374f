/** Why a pull failed: the registry was not there, or it was and said no. */
import { RunFailure } from '../executor/ports.js';

/** Words of engines for a registry that could not be asked, was overloaded, or is not trusted. */
const UNREACHABLE = [
  'dial tcp',
  'no such host',
  'connection refused',
  'connection reset',
  'network is unreachable',
  'i/o timeout',
  'TLS handshake',
  'deadline exceeded',
  'request canceled',
  'unexpected EOF',
  ': EOF',
  'x509',
  'server gave HTTP response to HTTPS client',
  'toomanyrequests',
  'unexpected HTTP status: 5',
  'Service Unavailable',
];
const FORBIDDEN = ['denied', 'unauthorized', 'no basic auth credentials', 'authentication required', ' 401', ' 403'];

export function pullFailure(image: string, registry: string, words: string): RunFailure {
  // Names and addresses tell nothing: an image may be called "denied", a port be 40313.
  const told = words.split(' ').filter((word) => word !== image && !/[/@]/.test(word));
  const reason = ` ${told.join(' ')}`.toLowerCase();
  const says = (list: string[]) => list.some((part) => reason.includes(part.toLowerCase()));
  const failure = `Image ${image} could not be pulled: ${words}.`;
  if (says(UNREACHABLE)) {
    return new RunFailure('setup', `${failure} Check that ${registry} can be reached from the engine.`, {
      environment: 'registry',
    });
  }
  if (says(FORBIDDEN)) {
    const advice = `If it is private, give the run a container-auth, or log in with "docker login ${registry}".`;
    return new RunFailure('setup', `${failure} ${advice}`);
  }
  return new RunFailure('setup', `${failure} Check its name and tag.`);
}

export function stallFailure(image: string, boundMs: number): RunFailure {
  return new RunFailure(
    'setup',
    `Image ${image} could not be pulled: nothing was heard of it for ${boundMs / 1000} s. Check the registry and the network.`,
    { environment: 'registry' },
  );
}
