/** JWTs of workers: made for tests, and checked as the reference server does. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { failure, Refusal } from '../../../src/simulator/index.js';

export interface TrustedKey {
  key: KeyObject;
  /** Host tags that its workers may have; none means any. */
  tags: readonly string[];
}

export interface WorkerClaims {
  name: string;
  tags: readonly string[];
}

/**
 * A JWT as the owner of a key makes it.
 *
 * @param privateKey PEM, or the key; its curve says the algorithm
 * @param expires seconds since 1970; a JWT without is refused
 */
export function makeJwt(privateKey: string | KeyObject, name: string, expires?: number): string {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  const alg = key.asymmetricKeyDetails?.namedCurve === 'secp256k1' ? 'ES256K' : 'ES256';
  const header = encode({ alg, kid: keyId(createPublicKey(key)), typ: 'JWT' });
  const signed = `${header}.${encode({ name, ...(expires === undefined ? {} : { exp: expires }) })}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** How a JWT names its key: SHA-256 of the public key's DER. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** @throws Refusal 401 for whatever is wrong with it */
export function claimsOf(jwt: string, trusted: ReadonlyMap<string, TrustedKey>): WorkerClaims {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const { kid } = decode(header);
  const owner = trusted.get(String(kid));
  if (owner === undefined) throw refused('unknown key');
  const key = { key: owner.key, dsaEncoding: 'ieee-p1363' as const };
  const good = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  if (!good) throw refused('bad signature');
  const { name, exp } = decode(payload);
  if (typeof exp !== 'number' || exp <= Date.now() / 1000) throw refused('expired');
  if (typeof name !== 'string') throw refused('no name');
  return { name, tags: owner.tags };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    throw refused('no JWT');
  }
}

function refused(why: string): Refusal {
  return new Refusal(failure(401, `JWT: ${why}`));
}
