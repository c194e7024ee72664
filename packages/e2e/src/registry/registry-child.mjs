/*
 * A process that works on a registry until it is killed: `registry-child.mjs <etcd URL or registry file> write|lead`.
 * `write` raises the version of cluster `dev` for ever and removes and makes it again now and then; each line it prints
 * is one acknowledged write. `lead` prints `leads` when it does, and does nothing else.
 */
import { writeSync } from 'node:fs';
import { EmbeddedRegistry, EtcdRegistry } from '@shoal/pool';

const [, , where, work, record, leaseSeconds] = process.argv;
const registry = where.startsWith('etcd:')
  ? new EtcdRegistry(where, { leaseSeconds: Number(leaseSeconds ?? 2) })
  : new EmbeddedRegistry(where);

/** Synchronous, so that a kill after the acknowledgement cannot lose it. */
const tell = (line) => writeSync(1, `${line}\n`);

await registry.open({
  onChange: () => undefined,
  onLeadership: (isLeader) => work === 'lead' && tell(isLeader ? 'leads' : 'follows'),
  onReachable: () => undefined,
});

if (work === 'write') {
  const cluster = JSON.parse(record);
  const found = await registry.loadOne('dev');
  let revision = found?.revision ?? null;
  let version = (await registry.versionFloor('dev')) + 1;
  for (;;) {
    revision = await registry.save({ ...cluster, version }, revision);
    tell(`saved ${version}`);
    if (version % 7 === 0) {
      await registry.remove('dev', revision);
      revision = null;
      tell(`removed ${version}`);
    }
    version++;
  }
}
