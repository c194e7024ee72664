/** Clusters of several daemons over one registry: each runs its own, and one finishes what another cannot. */
import { describe, expect, test } from '@jest/globals';
import { GONE_AFTER_MS } from './owner-watch.js';
import { SimulatedNodes } from './testing/simulated-nodes.js';
import { SimulatedPool } from './testing/simulated-pool.js';

const DEV = { id: 'dev', nodeCount: 2 };

/** Each on a machine of its own; the second leads. */
async function twoDaemons(): Promise<{ owner: SimulatedPool; leader: SimulatedPool }> {
  const owner = new SimulatedPool({ daemonId: 'owner', follows: true });
  const { clock, registry } = owner;
  const leader = new SimulatedPool({ clock, registry, nodes: new SimulatedNodes(clock), daemonId: 'leader' });
  await owner.start();
  await leader.start();
  await owner.requests.createCluster(DEV);
  await clock.advance(3000);
  return { owner, leader };
}

async function idsOf(sim: SimulatedPool): Promise<readonly string[]> {
  return (await sim.requests.describeAll()).map(({ cluster }) => cluster.id);
}

describe('a deletion', () => {
  test('is the owner’s to carry out, however long that takes', async () => {
    const { owner, leader } = await twoDaemons();
    owner.nodes.loseHost();
    await leader.requests.deleteCluster('dev');
    await leader.clock.advance(500);
    expect(await idsOf(leader)).toEqual(['dev']);
    await leader.clock.advance(5000);
    expect(await idsOf(leader)).toEqual([]);
  });

  test('is finished by the daemon that leads when its owner has been gone for a minute', async () => {
    const { owner, leader } = await twoDaemons();
    await owner.pool.close();
    leader.registry.absent.add('owner');
    await leader.requests.deleteCluster('dev');
    await leader.clock.advance(GONE_AFTER_MS - 1000);
    expect(await idsOf(leader)).toEqual(['dev']);
    await leader.clock.advance(10_000);
    expect(await idsOf(leader)).toEqual([]);
    await leader.requests.createCluster(DEV);
    await leader.clock.advance(3000);
    expect((await leader.requests.describe('dev')).cluster).toMatchObject({ ownerId: 'leader', version: 2 });
    await nodesEndWithTheReturnOf(owner);
    expect(leader.nodes.processes.size).toBe(2);
  });

  /** The name is another daemon's by now; what runs here is not of that cluster. */
  async function nodesEndWithTheReturnOf({ clock, nodes, registry }: SimulatedPool): Promise<void> {
    expect(nodes.processes.size).toBe(2);
    await new SimulatedPool({ clock, nodes, registry, daemonId: 'owner', follows: true }).start();
    await clock.advance(1000);
    expect(nodes.processes.size).toBe(0);
  }

  test('waits for an owner that is there every now and then', async () => {
    const { owner, leader } = await twoDaemons();
    await owner.pool.close();
    await leader.requests.deleteCluster('dev');
    for (let round = 0; round < 5; round++) {
      leader.registry.absent.add('owner');
      await leader.clock.advance(GONE_AFTER_MS - 10_000);
      leader.registry.absent.delete('owner');
      await leader.clock.advance(10_000);
    }
    expect(await idsOf(leader)).toEqual(['dev']);
  });

  test('that the leader finished ends the nodes of an owner that was only cut off', async () => {
    const { owner, leader } = await twoDaemons();
    const [stored] = await leader.registry.load();
    await leader.registry.remove('dev', stored.revision);
    await owner.clock.advance(1000);
    expect(owner.nodes.processes.size).toBe(0);
  });
});

test('nodes serve on, whoever owns them now and however long their daemon is gone', async () => {
  const { owner, leader } = await twoDaemons();
  await owner.pool.close();
  leader.registry.absent.add('owner');
  await leader.clock.advance(10 * GONE_AFTER_MS);
  const { clock, nodes, registry } = owner;
  await new SimulatedPool({ clock, nodes, registry, daemonId: 'another', follows: true }).start();
  await clock.advance(5000);
  expect(nodes.processes.size).toBe(2);
  expect(await idsOf(leader)).toEqual(['dev']);
});

test('a daemon that is started on another registry lets the nodes it finds serve on', async () => {
  const before = await new SimulatedPool().start();
  await before.requests.createCluster(DEV);
  const { clock, nodes } = before;
  await clock.advance(3000);
  await before.pool.close();
  const mistaken = await new SimulatedPool({ clock, nodes }).start();
  await mistaken.requests.createCluster({ id: 'other', nodeCount: 1 });
  await clock.advance(5000);
  expect([...nodes.processes.keys()].filter((name) => name.includes('dev'))).toHaveLength(DEV.nodeCount);
});
