import { expect, it } from 'vitest';
import { addressFor, type EngineFacts } from '../../../src/docker/index.js';

const facts: EngineFacts = {
  engine: { name: 'docker', version: '28.2.2' },
  sameHost: true,
  system: 'Debian',
  rootless: false,
  subnets: [{ subnet: '172.17.0.0/16' }],
};
const PODMAN = { name: 'podman', version: '4.3.1' } as const;
const OWN = ['127.0.0.1', '192.0.2.2', '172.17.0.1'];

it.each<[string, Partial<EngineFacts>, object | undefined]>([
  ['Docker on this machine is reached at its bridge', {}, { listen: '172.17.0.1', name: '172.17.0.1' }],
  [
    'a bridge without containers, which the system does not list, has the first address of its network',
    { subnets: [{ subnet: '10.1.0.0/16' }] },
    { listen: '10.1.0.1', name: '10.1.0.1' },
  ],
  [
    'or the address that the engine names',
    { subnets: [{ subnet: '10.1.0.0/16', gateway: '10.1.0.9' }] },
    { listen: '10.1.0.9', name: '10.1.0.9' },
  ],
  ['Docker Desktop has a name', { system: 'Docker Desktop' }, { listen: '127.0.0.1', name: 'host.docker.internal' }],
  [
    'Podman makes its bridge with the first container',
    { engine: PODMAN, subnets: [{ subnet: '10.88.0.0/16', gateway: '10.88.0.1' }] },
    { listen: '10.88.0.1', name: '10.88.0.1', later: true },
  ],
  [
    'Podman without root reaches an address that is not loopback',
    { engine: PODMAN, rootless: true },
    { listen: '192.0.2.2', name: '192.0.2.2' },
  ],
  [
    'Podman without root has a name for it from version 5 on',
    { engine: { ...PODMAN, version: '5.4.0' }, rootless: true },
    { listen: '192.0.2.2', name: 'host.containers.internal' },
  ],
  ['an engine elsewhere with the subnet of this machine is not reached', { sameHost: false }, undefined],
  [
    'an engine elsewhere whose bridge has no containers is not reached',
    { sameHost: false, subnets: [{ subnet: '10.1.0.0/16', gateway: '10.1.0.9' }] },
    undefined,
  ],
  [
    'from a container of the engine this container is reached',
    { sameHost: false, subnets: [{ subnet: '172.17.0.0/16', gateway: '172.17.0.254' }] },
    { listen: '172.17.0.1', name: '172.17.0.1' },
  ],
  ['Podman without root elsewhere is not reached', { sameHost: false, engine: PODMAN, rootless: true }, undefined],
  ['Docker without root is not reached', { rootless: true }, undefined],
  ['a network of IPv6 only is not reached', { subnets: [{ subnet: 'fd00::/64', gateway: 'fd00::1' }] }, undefined],
])('%s', (_, some, expected) => {
  expect(addressFor({ ...facts, ...some }, OWN)).toEqual(expected);
});
