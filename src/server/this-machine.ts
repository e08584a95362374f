/** Addresses to which a server elsewhere may not lead: this machine, and what its network link has (a cloud's metadata). */
import { lookup as resolveName } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const HERE = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  HERE.addSubnet(net, bits, 'ipv4');
}
// `::/96` has `::`, `::1` and IPv4 addresses in an old form. Those in `::ffff:0:0/96` are checked as IPv4 ones.
for (const [net, bits] of [
  ['::', 96],
  ['fe80::', 10],
  ['64:ff9b::7f00:0', 104],
  ['64:ff9b::a9fe:0', 112],
] as const) {
  HERE.addSubnet(net, bits, 'ipv6');
}
HERE.addAddress('fd00:ec2::254', 'ipv6');

function isAddressHere(address: string): boolean {
  const [plain = ''] = address.split('%');
  return HERE.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** By what an address is without asking anybody. @param hostname as `URL` writes it */
export function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  return isIP(host) === 0 ? /(^|\.)localhost$/i.test(host) : isAddressHere(host);
}

/** By what its name resolves to, too; a name that cannot be resolved is elsewhere. */
export async function leadsHere(hostname: string): Promise<boolean> {
  if (isThisMachine(hostname)) return true;
  const found = await lookup(hostname, { all: true }).catch(() => []);
  return found.some(({ address }) => isAddressHere(address));
}

/** The code of the error with which `lookupElsewhere` refuses. */
export const LEADS_HERE = 'LEADS_HERE';

/** For a connection that a server elsewhere wants: it is not made when the name has an address of this machine. */
export const lookupElsewhere: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, '', 0);
    if (found.some(({ address }) => isAddressHere(address))) {
      const refusal = new Error(`${hostname} has an address of this machine or its own network link`);
      return callback(Object.assign(refusal, { code: LEADS_HERE }), '', 0);
    }
    const [first] = found;
    if (options.all) callback(null, found);
    else callback(null, first?.address ?? '', first?.family);
  });
};
