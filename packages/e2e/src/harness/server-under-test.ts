/**
 * The servers that a test is run against: Shoal over each transport. With SHOAL_E2E_ON_MEMCACHED=1 the installed
 * memcached takes their place, which is how one finds out whether a test asks for more than memcached gives.
 */
import { installedMemcached, memcachedOnPort, shoalOnPort, TRANSPORTS_HERE } from './server-command.js';
import type { Command } from './server-process.js';

export interface ServerUnderTest {
  readonly name: string;
  readonly version: string;
  readonly command: (flags?: readonly string[]) => Command;
}

const SHOALS: readonly ServerUnderTest[] = TRANSPORTS_HERE.map((transport) => ({
  name: `Shoal over ${transport}`,
  version: '1.6.45',
  command: (flags = []) => shoalOnPort(transport, flags),
}));

export function serversUnderTest(): readonly ServerUnderTest[] {
  const memcached = process.env.SHOAL_E2E_ON_MEMCACHED === '1' ? installedMemcached() : null;
  if (memcached === null) return SHOALS;
  const { program, identity } = memcached;
  return [
    {
      name: `memcached ${identity.version}`,
      version: identity.version,
      command: (flags = []) => memcachedOnPort(program, flags),
    },
  ];
}
