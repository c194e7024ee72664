import { describe, expect, test } from '@jest/globals';
import { PoolErrorCode } from './api/errors.js';
import { recordOf, SimulatedPool, versionsOf } from './testing/simulated-pool.js';

describe('a cluster of nodes that register themselves', () => {
  const address = (n: number) => ({ hostname: `node-${n}`, ip: `10.0.0.${n}`, port: 11_211 });
  const registration = (n: number, instanceId: string) => ({
    clusterId: 'remote',
    instanceId,
    address: address(n),
    listenerAddresses: {},
  });

  /** What somebody else started on another machine. */
  function runRemotely(sim: SimulatedPool, nodeId: string): void {
    const launch = { clusterId: 'remote', nodeId, host: '', port: 11_211, memoryMegabytes: 1, threads: 1, secret: '' };
    const process = { launch, handle: 'elsewhere', startedAtMs: 0, hangs: false, version: 0 };
    sim.nodes.processes.set(`remote/${nodeId}`, process);
  }

  async function poolWithNodes(count: number): Promise<SimulatedPool> {
    const sim = await new SimulatedPool({ driver: 'registered' }).start();
    await sim.requests.createCluster({ id: 'remote', nodeCount: 0, driver: 'registered' });
    for (let n = 1; n <= count; n++) {
      const { nodeId } = await sim.requests.registerNode(registration(n, `i-${n}`));
      runRemotely(sim, nodeId);
    }
    await sim.clock.advance(3000);
    return sim;
  }

  test('lists them once they serve, and hands each the secret and the pace of its heartbeats', async () => {
    const sim = await poolWithNodes(3);
    expect(await recordOf(sim, 'remote')).toMatchObject({ version: 1, completed: true });
    expect(versionsOf(sim)).toEqual([1, 1, 1]);
    const again = await sim.requests.registerNode(registration(2, 'i-2b'));
    expect(again).toMatchObject({ nodeId: '0002', heartbeatMs: 2000, drainMs: 2000 });
    expect(again.secret).toMatch(/^[0-9a-f]{32}$/);
  });

  test('tells a node that was started anew the list it is still in', async () => {
    const sim = await poolWithNodes(2);
    runRemotely(sim, '0002');
    await sim.requests.registerNode(registration(2, 'i-2b'));
    await sim.clock.advance(2000);
    expect(await recordOf(sim, 'remote')).toMatchObject({ version: 1 });
    expect(versionsOf(sim)).toEqual([1, 1]);
  });

  test('lets a node that leaves drain, and forgets it', async () => {
    const sim = await poolWithNodes(2);
    await sim.requests.deregisterNode('remote', '0001', 'i-1');
    await sim.clock.advance(500);
    expect(versionsOf(sim)).toEqual([2, 2]);
    await sim.clock.advance(2000);
    expect((await recordOf(sim, 'remote')).nodes.map(({ id }) => id)).toEqual(['0002']);
    await expect(sim.requests.heartbeat('remote', '0001', 'i-1')).rejects.toMatchObject({
      code: PoolErrorCode.NODE_NOT_FOUND,
    });
  });

  test('delists a node that is dead and silent, and spares one that is only out of reach', async () => {
    const sim = await poolWithNodes(3);
    sim.nodes.hang('remote/0001');
    sim.nodes.hang('remote/0002');
    for (let second = 0; second < 20; second++) {
      await sim.requests.heartbeat('remote', '0002', 'i-2');
      await sim.clock.advance(1000);
    }
    const record = await recordOf(sim, 'remote');
    expect(record.nodes.map(({ id }) => id)).toEqual(['0002', '0003']);
    expect(record.version).toBe(2);
  });

  /** What node 1 says goes to a daemon that does not lead, and the one that leads cannot reach the node. */
  async function poolThatHears(): Promise<{ sim: SimulatedPool; second: SimulatedPool }> {
    const sim = await poolWithNodes(2);
    const { clock, nodes, registry } = sim;
    const second = new SimulatedPool({ clock, nodes, registry, driver: 'registered', daemonId: 'b', follows: true });
    await second.start();
    nodes.hang('remote/0001');
    return { sim, second };
  }

  test('does not delist one that another daemon hears, and writes little about it', async () => {
    const { sim, second } = await poolThatHears();
    const before = sim.registry.history.length;
    for (let beat = 0; beat < 30; beat++) {
      await second.requests.heartbeat('remote', '0001', 'i-1');
      await sim.clock.advance(2000);
    }
    const record = await recordOf(sim, 'remote');
    expect(record).toMatchObject({ version: 1, nodes: [{ id: '0001' }, { id: '0002' }] });
    expect(sim.registry.history.length - before).toBeLessThanOrEqual(2 * (60 / 5));
  });

  test('writes nothing at all while the one that leads reaches them', async () => {
    const { sim, second } = await poolThatHears();
    runRemotely(sim, '0001');
    await sim.clock.advance(2000);
    const before = sim.registry.history.length;
    for (let beat = 0; beat < 10; beat++) {
      await second.requests.heartbeat('remote', '0001', 'i-1');
      await sim.clock.advance(2000);
    }
    expect(sim.registry.history.length).toBe(before);
  });

  test('delists one that nobody hears any more, once', async () => {
    const { sim, second } = await poolThatHears();
    await second.requests.heartbeat('remote', '0001', 'i-1');
    await sim.clock.advance(20_000);
    expect(await recordOf(sim, 'remote')).toMatchObject({ version: 2, nodes: [{ id: '0002' }] });
    await expect(second.requests.heartbeat('remote', '0001', 'i-1')).rejects.toMatchObject({
      code: PoolErrorCode.NODE_NOT_FOUND,
    });
  });

  test('keeps one that cannot be reached and is heard out of the list, without taking it in and out', async () => {
    const { sim, second } = await poolThatHears();
    const { nodeId } = await second.requests.registerNode(registration(3, 'i-3'));
    for (let beat = 0; beat < 30; beat++) {
      await second.requests.heartbeat('remote', nodeId, 'i-3');
      await second.requests.heartbeat('remote', '0001', 'i-1');
      await sim.clock.advance(2000);
    }
    const record = await recordOf(sim, 'remote');
    expect(record.version).toBe(1);
    expect(record.nodes.map(({ id, phase }) => `${id} ${phase}`)).toEqual([
      '0001 available',
      '0002 available',
      '0003 creating',
    ]);
  });

  test('starts, stops and kills none of them', async () => {
    const sim = await poolWithNodes(2);
    await expect(sim.requests.replaceNode('remote', '0001')).rejects.toMatchObject({
      code: PoolErrorCode.INVALID_COMBINATION,
    });
    await sim.requests.deleteCluster('remote');
    await sim.clock.advance(2000);
    expect(await sim.requests.describeAll()).toEqual([]);
    expect(sim.nodes.done.every((what) => what.startsWith('push'))).toBe(true);
  });
});
