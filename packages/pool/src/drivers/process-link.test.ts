/** A driver that meets a host which is not as it expects, played by a server of the test. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { HOST_PROTOCOL } from '../host/host-protocol.js';
import { ProcessDriver } from './process.js';
import { hostEnvironment } from './process-start.js';

let folder: string;
let server: Server;
let driver: ProcessDriver;
const sockets: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-pool-'));
  driver = new ProcessDriver({ dataDir: folder, hangBoundMs: 10_000 });
});

afterEach(async () => {
  await driver.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A host that answers the requests of each kind with a line of its own. */
async function play(answers: Readonly<Record<string, object>>): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket.setEncoding('utf8').on('error', () => {}));
    socket.on('data', (text) => {
      for (const line of String(text).trim().split('\n')) {
        const { id, kind } = JSON.parse(line);
        if (answers[kind] !== undefined) socket.write(`${JSON.stringify({ id, ...answers[kind] })}\n`);
      }
    });
  });
  server.listen(join(folder, 'host.sock'));
  await once(server, 'listening');
}

const hello = (protocol: number, version = '9.9.9') => ({
  result: { protocol, version, pid: process.pid, startedAtMs: 1 },
});
const NODE = { clusterId: 'dev', nodeId: '0001', handle: 'pid 4711', startedAtMs: 7 };

test('a host of another release is adopted if it speaks the same protocol', async () => {
  await play({ hello: hello(HOST_PROTOCOL), list: { result: [{ ...NODE, addedLater: true }] } });
  await driver.open(() => {});
  expect(await driver.list()).toEqual([NODE]);
});

test('one that speaks another protocol is left alone, and the error says what to do', async () => {
  await play({ hello: hello(HOST_PROTOCOL + 1) });
  const message =
    `Cannot reach the host of local nodes: process ${process.pid}, of Shoal 9.9.9, speaks another protocol than this ` +
    `release; end it and its nodes with kill ${process.pid}`;
  await expect(driver.open(() => {})).rejects.toMatchObject({ code: 'UNAVAILABLE', message });
});

test('an answer that makes no sense is an error that names the request', async () => {
  await play({ hello: hello(HOST_PROTOCOL), list: { result: [] }, kill: { result: 'gladly' } });
  await driver.open(() => {});
  await expect(driver.kill(NODE)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Cannot kill node dev/0001: the host of local nodes answered something else',
  });
});

test('an error of an unknown code is an error all the same', async () => {
  const error = { code: 'BAD_HAIR', message: 'Cannot do that: it is too late' };
  await play({ hello: hello(HOST_PROTOCOL), list: { result: [] }, kill: { error } });
  await driver.open(() => {});
  await expect(driver.kill(NODE)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: error.message });
});

test('a connection that breaks while its host lives is made anew without a word', async () => {
  await play({ hello: hello(HOST_PROTOCOL), list: { result: [NODE] } });
  const events: unknown[] = [];
  await driver.open((event) => events.push(event));
  const again = once(server, 'connection');
  sockets[0].destroy();
  await again;
  // The host is asked for its list when it is adopted again.
  const isBack = () =>
    driver.list().then(
      () => true,
      () => false,
    );
  const deadline = performance.now() + 60_000;
  while (!(await isBack())) {
    expect(performance.now()).toBeLessThan(deadline);
    await pause(10);
  }
  expect(events).toEqual([]);
});

test('a driver that is not open says so', async () => {
  await play({});
  await expect(driver.list()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Cannot list the local nodes: the driver is not open',
  });
});

test('what the daemon was told in its environment is not handed on to nodes', () => {
  const environment = { PATH: '/bin', SHOAL_POOL_TOKEN: 'secret', MEMCACHED_PORT_FILENAME: '/tmp/ports' };
  expect(hostEnvironment(environment)).toEqual({ PATH: '/bin' });
});
