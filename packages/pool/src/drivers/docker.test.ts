/** The docker driver against an engine that only plays one. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nextFreePorts } from '../ports.js';
import { FakeEngine } from '../testing/fake-engine.js';
import { DockerDriver, type DockerDriverOptions } from './docker.js';
import type { DriverEvent, NodeLaunch } from './driver.js';

const KEY = { clusterId: 'dev', nodeId: '0001' } as const;
const NAME = 'shoal-dev-0001';

let folder = '';
let engine: FakeEngine;
const made: DockerDriver[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-docker-'));
  engine = new FakeEngine(join(folder, 'docker.sock'));
  await engine.up();
});

afterEach(async () => {
  for (const driver of made.splice(0)) await driver.close();
  await engine.end();
  await rm(folder, { recursive: true });
});

function driverOf(options: Partial<DockerDriverOptions> = {}): { driver: DockerDriver; events: DriverEvent[] } {
  const { socketPath } = engine;
  const driver = new DockerDriver({ socketPath, image: 'shoal', poolId: 'pool-1', deadlineMs: 30_000, ...options });
  made.push(driver);
  return { driver, events: [] };
}

async function opened(
  options: Partial<DockerDriverOptions> = {},
): Promise<{ driver: DockerDriver; events: DriverEvent[] }> {
  const both = driverOf(options);
  await both.driver.open((event) => both.events.push(event));
  return both;
}

/** Below the range that kernels take for outgoing connections. */
async function freePort(): Promise<number> {
  const above = randomInt(12_000, 27_000);
  return (await nextFreePorts({ host: '127.0.0.1', above, count: 1, taken: new Set() }))[0];
}

async function launch(changes: Partial<NodeLaunch> = {}): Promise<NodeLaunch> {
  const port = await freePort();
  return { ...KEY, host: '127.0.0.1', port, memoryMegabytes: 64, threads: 2, secret: 'abc', ...changes };
}

async function until(what: string, happened: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (!happened()) {
    if (Date.now() > deadlineMs) throw new Error(`Cannot wait longer for ${what}`);
    await pause(10);
  }
}

describe('the docker driver', () => {
  test('starts a container that has all it needs to serve, and resolves when it answers', async () => {
    const { driver } = await opened();
    const asked = await launch();
    const node = await driver.start(asked);
    const container = engine.named(NAME);
    expect(node).toEqual({
      ...KEY,
      handle: `container ${container?.id.slice(0, 12)}`,
      startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
    expect(container?.body.Env).toEqual([
      `SHOAL_OPT_PORT=${asked.port}`,
      'SHOAL_OPT_LISTEN=0.0.0.0',
      'SHOAL_OPT_MEMORY_LIMIT=64',
      'SHOAL_OPT_THREADS=2',
      'SHOAL_CLUSTER_SECRET=abc',
    ]);
    expect(container?.body.Labels).toEqual({ 'shoal.pool': 'pool-1', 'shoal.cluster': 'dev', 'shoal.node': '0001' });
    expect(container?.body.HostConfig).toEqual({
      RestartPolicy: { Name: 'no' },
      PortBindings: { [`${asked.port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(asked.port) }] },
    });
  });

  test('says where clients on a network reach a node, at its start, for one that runs, and for one it adopts', async () => {
    const { driver } = await opened({ network: 'shop' });
    const asked = await launch();
    const place = { hostname: NAME, ip: '127.0.0.1' };
    expect(await driver.start(asked)).toMatchObject({ ...KEY, place });
    expect(await driver.start(asked)).toMatchObject({ ...KEY, place });
    expect(engine.named(NAME)?.body.HostConfig).toEqual({ RestartPolicy: { Name: 'no' }, NetworkMode: 'shop' });
    const next = await opened({ network: 'shop' });
    expect(await next.driver.list()).toMatchObject([{ ...KEY, place }]);
  });

  test('says nothing of a place where ports are published: that is where the launch said', async () => {
    const { driver } = await opened();
    expect(await driver.start(await launch())).not.toHaveProperty('place');
  });

  test('starts what runs without a second container, and what ended anew', async () => {
    const { driver, events } = await opened();
    const asked = await launch();
    const first = await driver.start(asked);
    expect((await driver.start(asked)).handle).toBe(first.handle);
    engine.die(NAME, 9);
    await until('the end', () => events.length === 1);
    const second = await driver.start(asked);
    expect(second.handle).not.toBe(first.handle);
    expect(engine.containers.size).toBe(1);
  });

  test('tells of a node that ends by itself, once and with the reason', async () => {
    const { driver, events } = await opened();
    await driver.start(await launch());
    engine.die(NAME, 139);
    await until('the event', () => events.length > 0);
    expect(events).toEqual([{ kind: 'exited', key: KEY, reason: 'ended by signal 11' }]);
    expect(await driver.list()).toEqual([]);
  });

  test('stops with the grace, kills without, removes the container, and has told of it before it resolves', async () => {
    const { driver, events } = await opened();
    const asked = await launch();
    await driver.start(asked);
    const stopped = engine.named(NAME);
    await driver.stop(KEY, { graceMs: 2_500 });
    expect(stopped?.ends).toEqual(['stop 3']);
    expect(events).toHaveLength(1);
    await driver.start(asked);
    const killed = engine.named(NAME);
    await driver.kill(KEY);
    expect(killed?.ends).toEqual(['kill']);
    expect(events.map(({ kind }) => kind)).toEqual(['exited', 'exited']);
    expect(engine.containers.size).toBe(0);
    await driver.stop(KEY, { graceMs: 1 });
    await driver.kill(KEY);
    await driver.start(asked);
    expect(await driver.list()).toHaveLength(1);
    expect(events).toHaveLength(2);
  });

  test('adopts what an earlier daemon started, and nothing of another pool', async () => {
    const { driver } = await opened();
    const node = await driver.start(await launch());
    const foreign = await opened({ poolId: 'pool-2' });
    await foreign.driver.start(await launch({ clusterId: 'other' }));
    await driver.close();
    const next = await opened();
    expect((await next.driver.list()).map(({ handle }) => handle)).toEqual([node.handle]);
    engine.die(NAME, 1);
    await until('the event', () => next.events.length === 1);
  });

  test('leaves a container of somebody else alone that has the name', async () => {
    const { driver } = await opened();
    await driver.start(await launch());
    const foreign = await opened({ poolId: 'pool-2' });
    await expect(foreign.driver.start(await launch())).rejects.toThrow(`container ${NAME} belongs to somebody else`);
    await foreign.driver.stop(KEY, { graceMs: 0 });
    await foreign.driver.kill(KEY);
    expect(engine.named(NAME)?.isRunning).toBe(true);
  });

  test('says why a node does not start, and leaves nothing behind', async () => {
    const { driver, events } = await opened({ startBoundMs: 700 });
    engine.behaviour = 'exit';
    await expect(driver.start(await launch())).rejects.toMatchObject({
      code: 'START_FAILED',
      message: 'Cannot start node dev/0001: ended with code 3: cannot serve today',
    });
    engine.behaviour = 'silent';
    await expect(driver.start(await launch())).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('no answer within 700 ms'),
    });
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { readonly port: number };
    await expect(driver.start(await launch({ port }))).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    holder.close();
    const { driver: other } = await opened({ image: 'missing' });
    await expect(other.start(await launch())).rejects.toThrow('No such image: missing');
    expect(engine.containers.size).toBe(0);
    expect(events).toEqual([]);
  });

  test('opens a broken stream of events anew, and tells of what ended meanwhile', async () => {
    const { driver, events } = await opened();
    await driver.start(await launch());
    engine.cutEvents();
    engine.die(NAME, 1);
    await until('the end', () => events.length === 1);
    expect(events).toEqual([
      { kind: 'exited', key: KEY, reason: 'ended while the Docker engine could not be followed' },
    ]);
    await driver.start(await launch());
    engine.die(NAME, 1);
    await until('the next end', () => events.length === 2);
  });

  test('tells once that the engine is away and once that it is back; nodes that ran on are there', async () => {
    const { driver, events } = await opened();
    const asked = await launch();
    await driver.start(asked);
    await engine.down();
    await until('the loss', () => events.length > 0);
    await expect(driver.list()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(driver.start(asked)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await engine.up();
    await until('the return', () => events.some(({ kind }) => kind === 'ready'));
    expect(events.map(({ kind }) => kind)).toEqual(['lost', 'ready']);
    expect(await driver.list()).toHaveLength(1);
  });

  test('is refused an engine that is not there, and says which', async () => {
    const { driver } = driverOf({ socketPath: join(folder, 'none.sock') });
    await expect(driver.open(() => undefined)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^Cannot reach the Docker engine: .*none\.sock/),
    });
  });

  test('closes without a word, and shuts down all that it ever started', async () => {
    const { driver, events } = await opened();
    await driver.start(await launch());
    await driver.start(await launch({ nodeId: '0002' }));
    engine.die('shoal-dev-0002', 1);
    await until('the end', () => events.length === 1);
    await driver.close();
    expect(engine.named(NAME)?.isRunning).toBe(true);
    const next = await opened();
    await next.driver.shutDown({ graceMs: 1_000 });
    expect(engine.containers.size).toBe(0);
    expect(events).toHaveLength(1);
  });
});
