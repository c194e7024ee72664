/** Real hosts and nodes: what lives on, what ends with what, and that nothing is left behind. */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isAlive, isGoneWithin } from '../host/process-identity.js';
import { ask, LocalNodes, pidOf, until } from '../testing/local-nodes.js';
import type { DriverEvent, NodeLaunch } from './driver.js';

/** Ends a test that hangs, and says nothing of how soon a thing must be: the machine may be busy. */
const PATIENCE_MS = 60_000;
/** For nodes that end in order: none of the tests waits for its end. */
const LONG_GRACE = { graceMs: 60_000 };
/** Short enough to wait for, and longer than a host that is well takes for its answer on a busy machine. */
const HANG_BOUND_MS = 1000;

let local: LocalNodes;

beforeEach(() => {
  local = new LocalNodes();
});

afterEach(async () => {
  expect(await local.end()).toEqual([]);
});

const dev = (nodeId: string) => ({ clusterId: 'dev', nodeId });
const exits = (events: readonly DriverEvent[]) => events.flatMap((event) => (event.kind === 'exited' ? [event] : []));

/** Asks without pause, as much as the node takes. */
function pouringClient({ host, port }: NodeLaunch): Socket {
  const requests = 'get key\r\n'.repeat(1000);
  const socket = connect({ host, port });
  const pour = () => {
    if (!socket.destroyed) socket.write(requests, pour);
  };
  socket.on('error', () => {}).once('connect', pour);
  return socket.on('data', () => {});
}

test('a node that has started listens, knows its secret, and is listed with the pid that it says itself', async () => {
  await local.open();
  const launch = await local.launch();
  const { pid } = await local.start(launch);
  expect(await ask(launch, 'version\r\n')).toMatch(/^VERSION /);
  expect(await ask(launch, 'stats\r\n')).toBe(`STAT pid ${pid}`);
  expect(await ask(launch, 'config set cluster 0 2\r\n1\n\r\n')).toBe('CLIENT_ERROR config is managed by the pool');
  expect(await local.driver.list()).toEqual([
    { ...dev('0001'), handle: `pid ${pid}`, startedAtMs: expect.any(Number) },
  ]);
});

test('the titles of the processes tell cluster, node and address, and nothing tells the secret', async () => {
  await local.open();
  const launch = await local.launch();
  const { pid } = await local.start(launch);
  const title = (of: number) => readFileSync(`/proc/${of}/cmdline`, 'utf8').split('\0')[0];
  expect(title(pid)).toBe(`shoal node dev/0001 127.0.0.1:${launch.port}`);
  expect(title(local.hostPid())).toBe(`shoal host ${local.folder}`);
  for (const process of [pid, local.hostPid()]) {
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${process}/${file}`, 'utf8')).not.toContain(launch.secret);
    }
  }
  expect(readFileSync(join(local.folder, 'logs', 'dev-0001.log'), 'utf8')).not.toContain(launch.secret);
});

test('the files of the host are for its owner only', async () => {
  await local.open();
  await local.start(await local.launch());
  for (const name of ['host.sock', 'host.pid', 'host.nodes', 'host.log', 'logs/dev-0001.log']) {
    expect([name, statSync(join(local.folder, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
});

test('starting what runs answers what runs, and stopping what is gone succeeds', async () => {
  await local.open();
  const launch = await local.launch();
  const [first, second] = await Promise.all([local.start(launch), local.start(launch)]);
  expect(second).toEqual(first);
  await local.driver.stop(dev('0001'), LONG_GRACE);
  await local.driver.stop(dev('0001'), LONG_GRACE);
  await local.driver.kill(dev('0007'));
  expect(exits(local.events)).toHaveLength(1);
});

test('a node that runs is not moved by a start elsewhere', async () => {
  await local.open();
  const launch = await local.launch();
  await local.start(launch);
  const elsewhere = await local.launch();
  const message = `Cannot start node dev/0001: it runs already, on 127.0.0.1:${launch.port}`;
  await expect(local.driver.start(elsewhere)).rejects.toMatchObject({ code: 'START_FAILED', message });
});

test('a start while the node is being stopped waits for its end and starts it anew', async () => {
  await local.open();
  const launch = await local.launch();
  const before = await local.start(launch);
  const stopped = local.driver.stop(dev('0001'), LONG_GRACE);
  const after = await local.start(launch);
  await stopped;
  expect(after.pid).not.toBe(before.pid);
  expect(await ask(launch, 'version\r\n')).toMatch(/^VERSION /);
});

describe('a start that fails', () => {
  test('on a port that is taken is PORT_IN_USE', async () => {
    await local.open();
    const launch = await local.launch();
    const server = createServer().listen(launch.port, launch.host);
    await once(server, 'listening');
    const error = { code: 'PORT_IN_USE', message: expect.stringContaining('the address is in use') };
    await expect(local.driver.start(launch)).rejects.toMatchObject(error);
    server.close();
    expect(await local.driver.list()).toEqual([]);
    expect(local.events).toEqual([]);
  });

  test('for any other reason tells the reason, and another start works', async () => {
    await local.open();
    const launch = await local.launch();
    const absurd = { ...launch, memoryMegabytes: 2 ** 40 };
    const error = { code: 'START_FAILED', message: expect.stringContaining('memoryLimitBytes is') };
    await expect(local.driver.start(absurd)).rejects.toMatchObject(error);
    await local.start(launch);
  });

  test('because it was stopped meanwhile says so', async () => {
    await local.open();
    const started = local.driver.start(await local.launch());
    const failure = expect(started).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringMatching(/: (stopped|killed): /),
    });
    await local.driver.kill(dev('0001'));
    await failure;
  });
});

test('many starts at once take their turns, and one that is stopped before its turn says so', async () => {
  await local.open();
  const launches = await Promise.all([...Array(8).keys()].map((index) => local.launch(index + 1)));
  const started = Promise.allSettled(launches.map((launch) => local.start(launch)));
  await local.driver.stop(dev('0008'), LONG_GRACE);
  const outcomes = await started;
  expect(outcomes.map(({ status }) => status)).toEqual([...Array(7).fill('fulfilled'), 'rejected']);
  expect(outcomes[7]).toMatchObject({ reason: { code: 'START_FAILED', message: expect.stringContaining('stopped') } });
  expect((await local.driver.list()).map(({ nodeId }) => nodeId).sort()).toEqual(
    launches.slice(0, 7).map(({ nodeId }) => nodeId),
  );
});

describe('an end', () => {
  test('by SIGTERM within the grace is told with the exit code', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    await local.driver.stop(dev('0001'), LONG_GRACE);
    expect(isAlive(node)).toBe(false);
    expect(local.events).toEqual([{ kind: 'exited', key: dev('0001'), reason: 'stopped: ended with exit code 0' }]);
  });

  test('of a node that is stopped in its tracks comes after the grace, by SIGKILL', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    process.kill(node.pid, 'SIGSTOP');
    await local.driver.stop(dev('0001'), { graceMs: 100 });
    expect(isAlive(node)).toBe(false);
    expect(exits(local.events)[0].reason).toBe('killed, not having stopped within 100 ms: ended by SIGKILL');
  });

  test('of a node that hangs is brought about by kill', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    process.kill(node.pid, 'SIGSTOP');
    await local.driver.kill(dev('0001'));
    expect(isAlive(node)).toBe(false);
  });

  test('that nobody asked for is told at once', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    process.kill(node.pid, 'SIGKILL');
    await local.untilEvent('exited');
    expect(local.events).toEqual([{ kind: 'exited', key: dev('0001'), reason: 'ended by SIGKILL' }]);
  });
});

describe('when the daemon is killed', () => {
  test('nodes serve on, and the next daemon adopts them with the same pids', async () => {
    const launches = await Promise.all([1, 2, 3].map((number) => local.launch(number)));
    const daemon = await local.startDaemon(launches);
    const host = local.hostPid();
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const pids = await Promise.all(launches.map((launch) => ask(launch, 'stats\r\n')));
    await local.open();
    expect(local.hostPid()).toBe(host);
    const adopted = await local.driver.list();
    expect(adopted.map((node) => `STAT pid ${pidOf(node)}`)).toEqual(pids);
    for (const node of adopted) local.watch(pidOf(node));
    // A start of what was adopted answers what was adopted.
    expect(pidOf(await local.driver.start(launches[0]))).toBe(pidOf(adopted[0]));
    expect(local.events).toEqual([]);
  });

  test('what ended meanwhile is told to the next one', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    await local.driver.close();
    process.kill(node.pid, 'SIGKILL');
    await isGoneWithin(node, PATIENCE_MS);
    await local.open(local.newDriver());
    await local.untilEvent('exited');
    expect(local.events).toEqual([{ kind: 'exited', key: dev('0001'), reason: 'ended by SIGKILL' }]);
  });

  test('the newest daemon gets the events, alone', async () => {
    await local.open();
    const older: DriverEvent[] = local.events.splice(0);
    const node = await local.start(await local.launch());
    const newer: DriverEvent[] = [];
    await local.newDriver().open((event) => newer.push(event));
    process.kill(node.pid, 'SIGKILL');
    await until('the exit', () => newer.length > 0);
    expect(older).toEqual([]);
    expect(local.events).toEqual([]);
  });

  test('a host that nobody needs ends by itself', async () => {
    await local.end();
    local = new LocalNodes({ idleBoundMs: 1000 });
    await local.open();
    const host = local.watch(local.hostPid());
    await local.driver.close();
    expect(await isGoneWithin(host, PATIENCE_MS)).toBe(true);
    expect(existsSync(join(local.folder, 'host.sock'))).toBe(false);
  });
});

describe('when the host is killed', () => {
  test('its nodes end by themselves, all is told in order, and a new host can start them again', async () => {
    await local.open();
    const launches = await Promise.all([1, 2].map((number) => local.launch(number)));
    const nodes = [await local.start(launches[0]), await local.start(launches[1])];
    const host = local.hostPid();
    process.kill(host, 'SIGKILL');
    for (const node of nodes) expect(await isGoneWithin(node, PATIENCE_MS)).toBe(true);
    await local.untilEvent('ready');
    expect(local.events.map(({ kind }) => kind)).toEqual(['lost', 'exited', 'exited', 'ready']);
    expect(exits(local.events).map(({ key }) => key)).toEqual([dev('0001'), dev('0002')]);
    const next = local.watch(local.hostPid());
    expect(next.pid).not.toBe(host);
    expect(await local.driver.list()).toEqual([]);
    for (const launch of launches) await local.start(launch);
    expect(await ask(launches[1], 'version\r\n')).toMatch(/^VERSION /);
  });

  test('a node ends with it also under load, on every transport thread it has', async () => {
    await local.open();
    const launch = await local.launch(1, { threads: 2 });
    const node = await local.start(launch);
    const clients = Array.from({ length: 20 }, () => pouringClient(launch));
    await Promise.all(clients.map((client) => once(client, 'data')));
    process.kill(local.hostPid(), 'SIGKILL');
    expect(await isGoneWithin(node, PATIENCE_MS)).toBe(true);
    for (const client of clients) client.destroy();
    await local.untilEvent('ready');
    local.watch(local.hostPid());
  });

  test('a node that cannot end by itself is ended before the next host is ready, and its port is free', async () => {
    await local.open();
    const launch = await local.launch();
    const node = await local.start(launch);
    process.kill(node.pid, 'SIGSTOP');
    process.kill(local.hostPid(), 'SIGKILL');
    await local.untilEvent('ready');
    expect(isAlive(node)).toBe(false);
    local.watch(local.hostPid());
    await local.start(launch);
  });

  test('with no daemon there, the next daemon finds another host', async () => {
    await local.open();
    const node = await local.start(await local.launch());
    await local.driver.close();
    process.kill(local.hostPid(), 'SIGKILL');
    expect(await isGoneWithin(node, PATIENCE_MS)).toBe(true);
    await local.open(local.newDriver());
    expect(local.events).toEqual([]);
  });

  test('a request meanwhile fails with the reason', async () => {
    await local.open();
    const launch = await local.launch();
    process.kill(local.hostPid(), 'SIGKILL');
    await local.untilEvent('lost');
    await expect(local.driver.start(launch)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^Cannot start node dev\/0001: the host of local nodes ended .* started again$/),
    });
    await local.untilEvent('ready');
    local.watch(local.hostPid());
  });
});

test('hosts that die one after the other are started after a pause that grows', async () => {
  await local.open();
  const pausesMs: number[] = [];
  for (let death = 0; death < 3; death++) {
    local.events.length = 0;
    const diedAtMs = performance.now();
    process.kill(local.hostPid(), 'SIGKILL');
    await local.untilEvent('ready');
    pausesMs.push(performance.now() - diedAtMs);
    local.watch(local.hostPid());
  }
  expect(pausesMs[1]).toBeGreaterThanOrEqual(500);
  expect(pausesMs[2]).toBeGreaterThanOrEqual(1000);
});

test('a host that hangs is replaced once something is asked of it', async () => {
  await local.end();
  local = new LocalNodes({ hangBoundMs: HANG_BOUND_MS });
  await local.open();
  const launch = await local.launch();
  const node = await local.start(launch);
  process.kill(local.hostPid(), 'SIGSTOP');
  // The node does not need its host to serve.
  expect(await ask(launch, 'version\r\n')).toMatch(/^VERSION /);
  await expect(local.driver.list()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Cannot list the local nodes: the host of local nodes did not answer within 5000 ms',
  });
  await local.untilEvent('ready');
  local.watch(local.hostPid());
  expect(isAlive(node)).toBe(false);
  await local.start(launch);
});

test('a host that hangs while a node starts is replaced, and the start fails', async () => {
  await local.end();
  local = new LocalNodes({ hangBoundMs: HANG_BOUND_MS });
  await local.open();
  const launch = await local.launch();
  process.kill(local.hostPid(), 'SIGSTOP');
  await expect(local.driver.start(launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await local.untilEvent('ready');
  local.watch(local.hostPid());
});

test('SIGTERM ends a host and its nodes in order; SIGINT and SIGHUP do not', async () => {
  await local.open();
  const node = await local.start(await local.launch());
  const host = local.watch(local.hostPid());
  process.kill(host.pid, 'SIGINT');
  process.kill(host.pid, 'SIGHUP');
  expect(await local.driver.list()).toHaveLength(1);
  await local.driver.close();
  process.kill(host.pid, 'SIGTERM');
  expect(await isGoneWithin(host, PATIENCE_MS)).toBe(true);
  expect(isAlive(node)).toBe(false);
});

test('shutDown ends every process and leaves only logs', async () => {
  await local.open();
  const nodes = await Promise.all([1, 2].map(async (number) => local.start(await local.launch(number))));
  const host = local.watch(local.hostPid());
  process.kill(nodes[0].pid, 'SIGSTOP');
  await local.driver.shutDown({ graceMs: 200 });
  expect([...nodes, host].filter(isAlive)).toEqual([]);
  expect(readdirSync(local.folder).sort()).toEqual(['host.log', 'logs']);
});

test('two drivers that open at once share one host', async () => {
  const other = local.newDriver();
  await Promise.all([local.open(), other.open(() => {})]);
  await local.start(await local.launch());
  expect(await other.list()).toEqual(await local.driver.list());
});

test('a socket that was removed is made again', async () => {
  await local.open();
  const host = local.hostPid();
  rmSync(join(local.folder, 'host.sock'));
  await until('the socket', () => existsSync(join(local.folder, 'host.sock')));
  await local.open(local.newDriver());
  expect(local.hostPid()).toBe(host);
});

test('a host whose data directory is gone ends, and its nodes with it', async () => {
  await local.open();
  const node = await local.start(await local.launch());
  const host = local.watch(local.hostPid());
  await local.driver.close();
  rmSync(local.folder, { recursive: true });
  expect(await isGoneWithin(host, PATIENCE_MS)).toBe(true);
  expect(isAlive(node)).toBe(false);
});

test('a data directory whose path is too long for a socket is refused with the reason', () => {
  const dataDir = `/tmp/${'long'.repeat(30)}`;
  expect(() => local.newDriver({ dataDir })).toThrow(/^Cannot use .*host\.sock: a socket's path has at most \d+ bytes/);
});
