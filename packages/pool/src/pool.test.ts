import { describe, expect, test } from '@jest/globals';
import { PoolErrorCode } from './api/errors.js';
import { configOf, listedNodes } from './model.js';
import { recordOf, SimulatedPool, versionsOf } from './testing/simulated-pool.js';

const DEV = { id: 'dev', nodeCount: 3 };

async function poolWithDev(): Promise<SimulatedPool> {
  const sim = await new SimulatedPool().start();
  await sim.requests.createCluster(DEV);
  await sim.clock.advance(3000);
  return sim;
}

async function phases(sim: SimulatedPool): Promise<string> {
  return (await recordOf(sim)).nodes.map(({ id, phase }) => `${id} ${phase}`).join(', ');
}

describe('a pool', () => {
  test('brings a new cluster up with one version that all nodes and the endpoint show', async () => {
    const sim = await poolWithDev();
    const record = await recordOf(sim);
    expect(record).toMatchObject({ version: 1, completed: true });
    expect(record.nodes.map(({ address }) => address.port)).toEqual([11_212, 11_213, 11_214]);
    expect(versionsOf(sim)).toEqual([1, 1, 1]);
    expect(sim.shown.get(11_211)?.config).toEqual(configOf(record));
  });

  test('lists new nodes in one change once they serve, and tells all', async () => {
    const sim = await poolWithDev();
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 5, removeNodeIds: null });
    expect((await recordOf(sim)).version).toBe(1);
    await sim.clock.advance(3000);
    expect(await recordOf(sim)).toMatchObject({ version: 2 });
    expect(versionsOf(sim)).toEqual([2, 2, 2, 2, 2]);
  });

  test('lets removed nodes leave the list at once, serve through the drain, and stop', async () => {
    const sim = await poolWithDev();
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 1, removeNodeIds: ['0001', '0003'] });
    await sim.clock.advance(100);
    expect(await phases(sim)).toBe('0001 draining, 0002 available, 0003 draining');
    expect(versionsOf(sim)).toEqual([2, 2, 2]);
    await sim.clock.advance(1800);
    expect(sim.nodes.processes.size).toBe(3);
    await sim.clock.advance(500);
    expect(await phases(sim)).toBe('0002 available');
    expect([...sim.nodes.processes.keys()]).toEqual(['dev/0002']);
  });

  test('replaces a node that ended at its place, with the list as it was', async () => {
    const sim = await poolWithDev();
    sim.nodes.die('dev/0002');
    await sim.clock.advance(1500);
    const record = await recordOf(sim);
    expect(record.version).toBe(1);
    expect(record.nodes[1]).toMatchObject({ phase: 'available', failures: { count: 1 } });
    expect(sim.nodes.processes.get('dev/0002')).toMatchObject({ version: 1, launch: { port: 11_213 } });
  });

  test('kills a node that hangs and starts it anew within five seconds', async () => {
    const sim = await poolWithDev();
    sim.nodes.hang('dev/0001');
    await sim.clock.advance(5000);
    expect(sim.nodes.processes.get('dev/0001')).toMatchObject({ hangs: false, version: 1 });
  });

  test('backs off from a node that ends again and again, says why, and forgives it later', async () => {
    const sim = await poolWithDev();
    sim.nodes.cursed.add('dev/0002');
    sim.nodes.die('dev/0002');
    await sim.clock.advance(60_000);
    const [, node] = (await recordOf(sim)).nodes;
    expect(node.failures.lastReason).toBe('it ended at once');
    expect(sim.nodes.done.filter((what) => what === 'start dev/0002').length).toBeLessThan(10);
    sim.nodes.cursed.clear();
    await sim.clock.advance(60_000);
    expect((await recordOf(sim)).nodes[1].failures.count).toBe(0);
    expect(versionsOf(sim)).toEqual([1, 1, 1]);
  });

  test('does not blame nodes for the end of their host, and starts them anew without a pause', async () => {
    const sim = await poolWithDev();
    for (let death = 0; death < 4; death++) {
      sim.nodes.loseHost();
      await sim.clock.advance(2000);
      expect(sim.nodes.processes.size).toBe(3);
    }
    expect((await recordOf(sim)).nodes.map(({ failures }) => failures.count)).toEqual([0, 0, 0]);
  });

  test('goes around a port that a stranger holds, while the node is new', async () => {
    const sim = await new SimulatedPool().start();
    sim.nodes.strangers.add(11_212).add(11_215);
    await sim.requests.createCluster(DEV);
    await sim.clock.advance(6000);
    const record = await recordOf(sim);
    expect(record.completed).toBe(true);
    expect(record.nodes.map(({ address }) => address.port)).toEqual([11_216, 11_213, 11_214]);
  });

  test('reboots nodes one after the other', async () => {
    const sim = await poolWithDev();
    sim.nodes.done.length = 0;
    await sim.requests.rebootNodes('dev', ['0001', '0002', '0003']);
    expect((await recordOf(sim)).nodes.every(({ phase }) => phase === 'rebooting')).toBe(true);
    await sim.clock.advance(10_000);
    expect(await phases(sim)).toBe('0001 available, 0002 available, 0003 available');
    expect(sim.nodes.done.filter((what) => !what.startsWith('push'))).toEqual(
      ['0001', '0002', '0003'].flatMap((id) => [`stop dev/${id}`, `start dev/${id}`]),
    );
    expect(await recordOf(sim)).toMatchObject({ version: 1 });
  });

  test('replaces a node on request without waiting for others', async () => {
    const sim = await poolWithDev();
    const before = sim.nodes.processes.get('dev/0003')?.handle;
    await sim.requests.replaceNode('dev', '0003');
    await sim.clock.advance(3000);
    expect(await phases(sim)).toBe('0001 available, 0002 available, 0003 available');
    expect(sim.nodes.processes.get('dev/0003')?.handle).not.toBe(before);
  });

  test('stops what a deletion leaves and goes on counting versions when the name comes back', async () => {
    const sim = await poolWithDev();
    await sim.requests.deleteCluster('dev');
    await sim.clock.advance(1000);
    await expect(sim.requests.describe('dev')).rejects.toMatchObject({ code: PoolErrorCode.NOT_FOUND });
    expect(sim.nodes.processes.size).toBe(0);
    expect(sim.shown.size).toBe(0);
    await sim.requests.createCluster(DEV);
    await sim.clock.advance(3000);
    expect(await recordOf(sim)).toMatchObject({ version: 2, completed: true });
    expect(versionsOf(sim)).toEqual([2, 2, 2]);
  });

  test('adopts the nodes of a daemon that died: nothing is restarted, no version changes', async () => {
    const sim = await poolWithDev();
    const handles = [...sim.nodes.processes.values()].map(({ handle }) => handle);
    const next = await sim.successor().start();
    sim.nodes.done.length = 0;
    await next.clock.advance(10_000);
    expect(sim.nodes.done).toEqual([]);
    expect([...next.nodes.processes.values()].map(({ handle }) => handle)).toEqual(handles);
    expect(next.shown.get(11_211)?.config).toEqual(configOf(await recordOf(next)));
  });

  test('takes over what a daemon of another id left in a registry of its own, with the same processes and version', async () => {
    const sim = await poolWithDev();
    sim.registry.isExclusive = true;
    const next = await sim.successor('daemon-2').start();
    sim.nodes.done.length = 0;
    await next.clock.advance(2000);
    expect(sim.nodes.done).toEqual([]);
    expect(await recordOf(next)).toMatchObject({ ownerId: 'daemon-2', version: 1 });
    sim.nodes.die('dev/0002');
    await next.clock.advance(2000);
    expect(versionsOf(next)).toEqual([1, 1, 1]);
  });

  test('leaves the clusters of other daemons alone where there may be others', async () => {
    const sim = await poolWithDev();
    const next = await sim.successor('daemon-2').start();
    sim.nodes.die('dev/0002');
    await next.clock.advance(5000);
    expect(sim.nodes.processes.size).toBe(2);
    expect(await recordOf(next)).toMatchObject({ ownerId: 'daemon-1' });
  });

  test('restarts nodes in place while the registry is away, and catches up when it is back', async () => {
    const sim = await poolWithDev();
    sim.registry.isReachable = false;
    sim.nodes.die('dev/0001');
    await sim.clock.advance(3000);
    expect(versionsOf(sim)).toEqual([1, 1, 1]);
    await expect(
      sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 2, removeNodeIds: null }),
    ).rejects.toMatchObject({ code: PoolErrorCode.UNAVAILABLE });
    sim.registry.isReachable = true;
    await sim.clock.advance(1000);
    expect((await recordOf(sim)).nodes[0].failures).toMatchObject({ count: 1, lastReason: 'killed by SIGKILL' });
  });

  test('backs off as well while the registry is away', async () => {
    const sim = await poolWithDev();
    sim.registry.isReachable = false;
    sim.nodes.cursed.add('dev/0001');
    sim.nodes.die('dev/0001');
    await sim.clock.advance(30_000);
    expect(sim.nodes.done.filter((what) => what === 'start dev/0001').length).toBeLessThan(10);
    sim.registry.isReachable = true;
    await sim.clock.advance(1000);
    expect((await recordOf(sim)).nodes[0].failures.count).toBeGreaterThan(4);
  });

  test('tells a node that missed a version as soon as it answers with the older one', async () => {
    const sim = await poolWithDev();
    sim.nodes.hang('dev/0001');
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 2, removeNodeIds: ['0003'] });
    await sim.clock.advance(900);
    const process = sim.nodes.processes.get('dev/0001');
    expect(process?.version).toBe(1);
    if (process !== undefined) process.hangs = false;
    await sim.clock.advance(1300);
    expect(sim.nodes.processes.get('dev/0001')?.version).toBe(2);
  });

  test('restarts nodes that die while the registry takes no writes for minutes, and then writes it all down', async () => {
    const sim = await poolWithDev();
    sim.registry.isReachable = false;
    for (let minute = 0; minute < 5; minute++) {
      for (const id of ['0001', '0002', '0003']) sim.nodes.die(`dev/${id}`);
      await sim.clock.advance(60_000);
      expect(sim.nodes.processes.size).toBe(3);
      expect(versionsOf(sim)).toEqual([1, 1, 1]);
    }
    sim.registry.isReachable = true;
    await sim.clock.advance(2000);
    expect((await recordOf(sim)).nodes.map(({ failures }) => failures.lastReason)).toEqual(
      Array(3).fill('killed by SIGKILL'),
    );
    expectHistoryInOrder(sim);
  });

  test('drains no longer than it takes when the clock was set back by an hour before it was started anew', async () => {
    const sim = await poolWithDev();
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 2, removeNodeIds: null });
    await sim.clock.advance(100);
    const next = sim.successor();
    sim.clock.setBack(3_600_000);
    await next.start();
    await next.clock.advance(4000);
    expect(await phases(next)).toBe('0001 available, 0002 available');
    expect(next.nodes.processes.size).toBe(2);
  });

  test('waits out no hour either for a node that had to back off', async () => {
    const sim = await poolWithDev();
    sim.nodes.cursed.add('dev/0001');
    sim.nodes.die('dev/0001');
    await sim.clock.advance(30_000);
    const next = sim.successor();
    sim.clock.setBack(3_600_000);
    sim.nodes.cursed.clear();
    await next.start();
    await next.clock.advance(31_000);
    expect(next.nodes.processes.size).toBe(3);
    await next.clock.advance(15_000);
    expect((await recordOf(next)).nodes[0].failures.count).toBe(0);
  });

  test('is in peace once it has what it wants: it does and writes nothing more', async () => {
    const sim = await poolWithDev();
    sim.nodes.die('dev/0001');
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 5, removeNodeIds: null });
    await sim.clock.advance(30_000);
    const before = [sim.nodes.done.length, sim.registry.history.length];
    await sim.clock.advance(60_000);
    expect([sim.nodes.done.length, sim.registry.history.length]).toEqual(before);
  });

  test('tells a node that was started anew its list at once, before any probe', async () => {
    const sim = await poolWithDev();
    sim.nodes.die('dev/0002');
    await sim.clock.advance(400);
    expect(sim.nodes.processes.get('dev/0002')?.version).toBe(1);
  });

  test('is not taken back by news that come late', async () => {
    const sim = await poolWithDev();
    const older = sim.pool.stored('dev');
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 2, removeNodeIds: null });
    await sim.clock.advance(100);
    const newer = sim.pool.stored('dev');
    if (older !== null) sim.pool.deliver(older);
    expect(sim.pool.stored('dev')).toEqual(newer);
  });

  test('reads the record again when somebody else wrote it, and does not wait to be told', async () => {
    const sim = await poolWithDev();
    const other = sim.pool.stored('dev');
    sim.registry.isMute = true;
    if (other !== null) await sim.registry.save({ ...other.cluster, drainMs: 1 }, other.revision);
    sim.nodes.die('dev/0001');
    await sim.clock.advance(2000);
    expect(await recordOf(sim)).toMatchObject({ drainMs: 1, nodes: [{ failures: { count: 1 } }, {}, {}] });
  });

  test('tries a write that failed again though nothing else happens', async () => {
    const sim = await poolWithDev();
    sim.registry.takesNoWrites = true;
    sim.nodes.die('dev/0002');
    await sim.clock.advance(5000);
    sim.registry.takesNoWrites = false;
    await sim.clock.advance(600);
    expect((await recordOf(sim)).nodes[1].failures).toMatchObject({ count: 1, lastReason: 'killed by SIGKILL' });
  });

  test('does not try it all the time, whatever happens', async () => {
    const sim = await poolWithDev();
    sim.registry.takesNoWrites = true;
    sim.registry.attempts = 0;
    sim.nodes.die('dev/0002');
    for (let tenth = 0; tenth < 100; tenth++) {
      sim.nodes.loseHost();
      await sim.clock.advance(100);
    }
    expect(sim.registry.attempts).toBeLessThanOrEqual(10 * 2 + 1);
  });

  test('loses no change to another writer', async () => {
    const sim = await poolWithDev();
    sim.registry.conflicts = 3;
    await sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 4, removeNodeIds: null });
    await sim.clock.advance(3000);
    expect(await recordOf(sim)).toMatchObject({ version: 2 });
    expect(sim.nodes.processes.size).toBe(4);
  });

  test('refuses names and ports that are taken, and changes nothing', async () => {
    const sim = await poolWithDev();
    const { ALREADY_EXISTS, INVALID_VALUE } = PoolErrorCode;
    await expect(sim.requests.createCluster({ ...DEV, id: 'DEV' })).rejects.toMatchObject({ code: ALREADY_EXISTS });
    await expect(sim.requests.createCluster({ ...DEV, id: 'two' })).rejects.toMatchObject({ code: INVALID_VALUE });
    expect(await sim.requests.describeAll()).toHaveLength(1);
  });

  test('stops everything when it is shut down, and nothing when it is closed', async () => {
    const sim = await poolWithDev();
    await sim.pool.close();
    expect(sim.nodes.processes.size).toBe(3);
    const next = await sim.successor().start();
    await next.pool.shutDown();
    expect(sim.nodes.processes.size).toBe(0);
    await expect(next.requests.describe('dev')).rejects.toMatchObject({ code: PoolErrorCode.UNAVAILABLE });
  });
});

/** A small generator, so that a failure can be played again from its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SEEDS = Array.from({ length: 12 }, () => Math.floor(Math.random() * 1_000_000));

describe('a pool in trouble', () => {
  test.each(SEEDS)('keeps its promises whatever happens, and converges (seed %d)', async (seed) => {
    const random = randomFrom(seed);
    const sim = await poolWithDev();
    const anyNode = () => [...sim.nodes.processes.keys()][random(sim.nodes.processes.size)] ?? '';
    const trouble: readonly (() => unknown)[] = [
      () => sim.nodes.die(anyNode()),
      () => sim.nodes.hang(anyNode()),
      () => sim.nodes.loseHost(),
      () => {
        sim.registry.conflicts = random(3);
      },
      () => {
        sim.registry.isReachable = false;
        sim.clock.later(() => {
          sim.registry.isReachable = true;
        }, random(4000));
      },
      () => sim.requests.resizeCluster({ clusterId: 'dev', nodeCount: 1 + random(9), removeNodeIds: null }),
      () => sim.requests.rebootNodes('dev', ['0001', '0002']),
      () => sim.requests.replaceNode('dev', '0001'),
    ];
    for (let step = 0; step < 60; step++) {
      await Promise.resolve()
        .then(trouble[random(trouble.length)])
        .catch((error: { code?: string }) => {
          expect(Object.values(PoolErrorCode)).toContain(error.code);
        });
      await sim.clock.advance(random(3000));
    }
    sim.registry.isReachable = true;
    await sim.clock.advance(120_000);
    const record = await recordOf(sim);
    expect(record.nodes.map(({ phase }) => phase)).toEqual(record.nodes.map(() => 'available'));
    expect([...sim.nodes.processes.keys()].sort()).toEqual(record.nodes.map(({ id }) => `dev/${id}`));
    expect(new Set(versionsOf(sim))).toEqual(new Set([record.version]));
    expect(sim.shown.get(11_211)?.config).toEqual(configOf(record));
    expect(sim.nodes.contradictions).toEqual([]);
    expectHistoryInOrder(sim);
    const before = [sim.nodes.done.length, sim.registry.history.length];
    await sim.clock.advance(60_000);
    expect([sim.nodes.done.length, sim.registry.history.length]).toEqual(before);
  });
});

/** Versions never fall, and rise by one exactly when the list changes. */
function expectHistoryInOrder({ registry }: SimulatedPool): void {
  const lists = registry.history.map((record) => ({
    version: record.version,
    list: listedNodes(record)
      .map(({ id, address }) => `${id}@${address.port}`)
      .join(),
  }));
  for (let i = 1; i < lists.length; i++) {
    const isSame = lists[i].list === lists[i - 1].list;
    expect({ i, step: lists[i].version - lists[i - 1].version }).toEqual({ i, step: isSame ? 0 : 1 });
  }
}
