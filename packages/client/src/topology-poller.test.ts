import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';
import { DiscoveryServer } from './testing/discovery-server.js';
import { TopologyPoller } from './topology-poller.js';

/** Not a round number, so that a deadline is told from a wait. */
const TIMEOUT_MS = 777;

describe('the topology poller', () => {
  let endpoint: DiscoveryServer;
  let nodes: DiscoveryServer[];
  let poller: TopologyPoller;
  let applied: ClusterConfig[];
  let errors: unknown[];
  let chance: number;

  const publish = (version: number, listed: readonly ClusterNode[], servers = [endpoint, ...nodes]): void => {
    for (const server of servers) server.list(version, listed);
  };
  const asked = () => [endpoint, ...nodes].map(({ questions }) => questions);
  const follow = (intervalMs = 60_000): void => {
    poller = new TopologyPoller([endpoint.address], { intervalMs, timeoutMs: TIMEOUT_MS, random: () => chance });
    poller.onTopology((config) => applied.push(config));
    poller.onError((error) => errors.push(error));
  };
  const nextTopology = () => new Promise<ClusterConfig>((resolve) => poller.onTopology(resolve));

  beforeEach(async () => {
    endpoint = await DiscoveryServer.start();
    nodes = [await DiscoveryServer.start(), await DiscoveryServer.start(), await DiscoveryServer.start()];
    applied = [];
    errors = [];
    chance = 0;
    follow();
    publish(
      1,
      nodes.map(({ node }) => node),
    );
  });
  afterEach(async () => {
    poller.stop();
    await Promise.all([endpoint, ...nodes].map((server) => server.close()));
  });

  test('asks the endpoint first of all, and then the nodes in turn', async () => {
    expect(await poller.pollNow()).toBeNull();
    expect(asked()).toEqual([1, 0, 0, 0]);
    for (let poll = 0; poll < 4; poll++) await poller.pollNow();
    expect(asked()).toEqual([1, 2, 1, 1]);
    expect(poller.current?.version).toBe(1);
  });

  test('turns to the endpoint when the nodes that it asks fail', async () => {
    await poller.pollNow();
    await nodes[0].close();
    await nodes[1].close();
    expect(await poller.pollNow()).toBeNull();
    expect(asked().slice(0, 1)).toEqual([2]);
    expect(errors).toEqual([]);
    nodes = [nodes[2]];
  });

  test('applies a higher version, and neither an equal nor a lower one', async () => {
    const all = nodes.map(({ node }) => node);
    publish(5, all);
    await poller.pollNow();
    publish(5, all.slice(1));
    await poller.pollNow();
    publish(4, all.slice(1));
    await poller.pollNow();
    expect(applied).toEqual([{ version: 5, nodes: all }]);
    publish(6, all.slice(1));
    await poller.pollNow();
    expect(applied.map(({ version }) => version)).toEqual([5, 6]);
  });

  test('does not believe a former node that serves another cluster now', async () => {
    await poller.pollNow();
    const elsewhere = [{ hostname: 'elsewhere', ip: '', port: 1 }];
    for (const node of nodes) node.list(9, elsewhere);
    expect(await poller.pollNow()).toBeNull();
    expect(poller.current?.version).toBe(1);
    endpoint.list(10, elsewhere);
    await poller.pollNow();
    expect(poller.current).toEqual({ version: 10, nodes: elsewhere });
  });

  test('joins the poll that is under way', async () => {
    const polls = [poller.pollNow(), poller.pollNow(), poller.pollNow()];
    expect(await Promise.all(polls)).toEqual([null, null, null]);
    expect(asked()).toEqual([1, 0, 0, 0]);
  });

  test('resolves with the error when nobody knows, tells it once, and keeps its list', async () => {
    await poller.pollNow();
    for (const server of [endpoint, ...nodes]) server.answer = ['ERROR\r\n'];
    const error = await poller.pollNow();
    expect(error).toMatchObject({ code: 'NOT_SUPPORTED', address: endpoint.address });
    expect(errors).toEqual([error]);
    expect(poller.current?.version).toBe(1);
  });

  test('polls by itself once started, and soon again after a failure', async () => {
    for (const server of [endpoint, ...nodes]) server.answer = ['END\r\n'];
    const found = nextTopology();
    poller.start();
    await new Promise<void>((resolve) => poller.onError(() => resolve()));
    publish(
      3,
      nodes.map(({ node }) => node),
    );
    expect((await found).version).toBe(3);
  });

  test('follows changes at its interval', async () => {
    poller.stop();
    follow(20);
    poller.start();
    expect((await nextTopology()).version).toBe(1);
    publish(
      2,
      nodes.slice(1).map(({ node }) => node),
    );
    expect((await nextTopology()).nodes).toHaveLength(2);
  });

  test('waits its interval, first a part of it, and after failures a quarter of a second that doubles', async () => {
    chance = 0.5;
    const timers = jest.spyOn(globalThis, 'setTimeout');
    poller.start();
    for (let poll = 0; poll < 2; poll++) await poller.pollNow();
    for (const server of [endpoint, ...nodes]) server.answer = ['END\r\n'];
    for (let poll = 0; poll < 3; poll++) await poller.pollNow();
    const waits = timers.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms !== TIMEOUT_MS);
    timers.mockRestore();
    expect(waits).toEqual([33_000, 60_000, 250, 500, 1000]);
  });

  test.each([
    { unref: undefined, holds: false },
    { unref: false, holds: true },
  ])('with unref $unref its timer keeps a program alive: $holds', async ({ unref, holds }) => {
    poller = new TopologyPoller([endpoint.address], { unref, timeoutMs: TIMEOUT_MS });
    const timers = jest.spyOn(globalThis, 'setTimeout');
    poller.start();
    await poller.pollNow();
    const timer = timers.mock.results.at(-1)?.value as NodeJS.Timeout;
    timers.mockRestore();
    expect(timer.hasRef()).toBe(holds);
  });

  test('a stopped poller withdraws its question and asks nothing more', async () => {
    endpoint.answer = null;
    poller.start();
    const poll = poller.pollNow();
    poller.stop();
    expect(await poll).toMatchObject({ code: 'ABORTED' });
    expect(await poller.pollNow()).toMatchObject({ code: 'ABORTED' });
    poller.start();
    expect(errors).toEqual([]);
  });

  test('survives listeners that throw, and tells what the topology listener threw', async () => {
    const broken = new Error('broken listener');
    const stopListening = poller.onTopology(() => {
      throw broken;
    });
    poller.onError(() => {
      throw broken;
    });
    expect(await poller.pollNow()).toBeNull();
    expect(errors).toEqual([broken]);
    stopListening();
    publish(
      2,
      nodes.map(({ node }) => node),
    );
    await poller.pollNow();
    expect(errors).toEqual([broken]);
    expect(applied).toHaveLength(2);
  });

  test('needs an endpoint that can be read', () => {
    expect(() => new TopologyPoller([])).toThrow('Cannot follow a cluster: no endpoint is given');
    expect(() => new TopologyPoller(['a:b'])).toThrow(RangeError);
  });
});
