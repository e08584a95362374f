/** Where containers of an engine reach this machine: the address that the run's server listens on. */
import { BlockList, isIPv4 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type Docker from 'dockerode';
import { type EngineVersion, within } from './client.js';

export interface HostAddress {
  /** The address of this machine to listen on. */
  listen: string;
  /** The address or name under which containers find it. */
  name: string;
  /** The address appears only with the first container: Podman makes its bridge then. */
  later?: boolean;
}

/** What is read from the engine's answers. */
export interface EngineFacts {
  engine: Pick<EngineVersion, 'name' | 'version'>;
  /** Whether the engine's host has this machine's name. */
  sameHost: boolean;
  /** The engine's `OperatingSystem`. */
  system: string;
  rootless: boolean;
  /** Subnets of the default network, with the gateway where the engine names it. */
  subnets: readonly { subnet: string; gateway?: string }[];
}

/**
 * For Docker on Linux and Podman as root this machine's address in the default network: the gateway, or, in a
 * container that uses the engine's socket, that container's own. For Docker Desktop its name for this machine, which
 * leads to loopback. For Podman without root the first address that is not loopback: up to version 4 containers reach
 * every such address; later ones reach it by Podman's name for this machine only, because they have the address themselves.
 *
 * @param addresses IPv4 addresses of this machine; they lack a bridge without containers, which can be listened on
 * @returns undefined when containers do not reach this machine. An engine elsewhere often has the subnet of this
 *   machine's own bridge: a gateway is this machine's only on the same host
 * @public
 */
export function addressFor(
  { engine, sameHost, system, rootless, subnets }: EngineFacts,
  addresses: readonly string[],
): HostAddress | undefined {
  if (system === 'Docker Desktop') return { listen: '127.0.0.1', name: 'host.docker.internal' };
  if (rootless) {
    const listen = addresses.find((address) => !address.startsWith('127.'));
    if (engine.name !== 'podman' || !sameHost || listen === undefined) return undefined;
    return { listen, name: Number.parseInt(engine.version, 10) < 5 ? listen : 'host.containers.internal' };
  }
  for (const one of subnets) {
    const [network = '', bits = ''] = one.subnet.split('/');
    if (!isIPv4(network)) continue;
    const range = new BlockList();
    range.addSubnet(network, Number(bits));
    const own = addresses.find((address) => range.check(address) && (sameHost || address !== gatewayOf(one)));
    if (own !== undefined) return { listen: own, name: own };
  }
  if (!sameHost) return undefined;
  const gateway = subnets.map(gatewayOf).find((one) => one !== undefined && isIPv4(one));
  if (gateway === undefined) return undefined;
  return { listen: gateway, name: gateway, ...(engine.name === 'podman' ? { later: true } : {}) };
}

/** Where the engine does not name it, Docker takes the network's first address. */
function gatewayOf({ subnet, gateway }: EngineFacts['subnets'][number]): string | undefined {
  return gateway ?? /^(\d+\.\d+\.\d+)\.0\//.exec(subnet)?.[1]?.concat('.1');
}

/** Whether the engine runs as an ordinary user, who is root in its containers. */
export function isRootless({ SecurityOptions, Rootless }: { SecurityOptions?: unknown; Rootless?: unknown }): boolean {
  // Podman 4.3 has a field of its own.
  return Rootless === true || (Array.isArray(SecurityOptions) && SecurityOptions.includes('name=rootless'));
}

/** @throws the client's error when the engine does not answer */
export async function hostAddress(
  client: Docker,
  engine: EngineVersion,
  callMs: number,
): Promise<HostAddress | undefined> {
  const network = client.getNetwork(engine.name === 'podman' ? 'podman' : 'bridge');
  const [info, { IPAM }] = await Promise.all([
    within(callMs, () => client.info()),
    within(callMs, () => network.inspect() as Promise<Docker.NetworkInspectInfo>),
  ]);
  const facts: EngineFacts = {
    engine,
    sameHost: info.Name === hostname(),
    system: String(info.OperatingSystem),
    rootless: isRootless(info),
    subnets: (IPAM?.Config ?? []).flatMap(({ Subnet, Gateway }) =>
      Subnet === undefined ? [] : [{ subnet: Subnet, ...(Gateway ? { gateway: Gateway } : {}) }],
    ),
  };
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addressFor(
    facts,
    own.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  );
}
