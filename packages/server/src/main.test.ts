/** The life of a server process: each test runs one. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import type { ServerOptions } from '@shoal/server';
import { ServerChild } from './testing/server-child.js';
import { SocketClient } from './testing/socket-client.js';
import { TRANSPORTS_HERE } from './testing/transports-here.js';

const children: ServerChild[] = [];
const testWithPrlimit = existsSync('/usr/bin/prlimit') ? test : test.skip;
const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

function run(options: ServerOptions = {}, environment: Record<string, string> = {}): ServerChild {
  const child = new ServerChild(options, environment);
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.remove();
});

test.each(['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)('%s stops it gracefully, with exit code 0', async (signal) => {
  const child = run();
  const client = await SocketClient.toPort(await child.port());
  child.process.kill(signal);
  expect(await client.untilEnd()).toBe('');
  expect(await child.exited).toBe(0);
  const messages = child.log.map(({ msg }) => msg);
  expect(messages.slice(-3)).toEqual(['Serving', 'Closing', 'Closed']);
});

test('SIGHUP does not end it', async () => {
  const child = run();
  const client = await SocketClient.toPort(await child.port());
  child.process.kill('SIGHUP');
  expect(await client.ask('mn\r\n')).toBe('MN\r\n');
  client.close();
});

test('the start line tells address, transport, threads, memory and version, and the pid file the process', async () => {
  const child = run({ threads: 2, memoryLimitBytes: 100 * 2 ** 20, transport: 'net' });
  const port = await child.port();
  expect(await child.content(child.pidFile)).toBe(`${child.process.pid}\n`);
  child.process.kill();
  await child.exited;
  expect(child.log.find(({ msg }) => msg === 'Serving')).toMatchObject({
    addresses: [`tcp:127.0.0.1:${port}`],
    transport: 'net',
    threads: 2,
    memoryMiB: 100,
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
  // Without -d the pid file stays, as in memcached.
  expect(existsSync(child.pidFile)).toBe(true);
});

test('the shutdown command ends the process', async () => {
  const child = run({ shutdownCommand: true });
  const client = await SocketClient.toPort(await child.port());
  client.send('shutdown\r\n');
  expect(await child.exited).toBe(0);
});

test.each([
  ['maintenance thread', '0'],
  ['worker', '2'],
])('when a %s dies, the process says so, drops its clients and ends with 70', async (_, thread) => {
  const child = run({ threads: 2 }, { KILL_THREAD: thread });
  const clients = [await SocketClient.toPort(await child.port()), await SocketClient.toPort(await child.port())];
  while (!child.output.includes('Serving')) await pause(10);
  child.process.kill('SIGUSR2');
  for (const client of clients) await client.untilEnd();
  expect(await child.exited).toBe(70);
  expect(child.log.filter(({ level }) => level === 60)).toMatchObject([{ msg: 'A thread of the server has failed' }]);
});

test.each<[ServerOptions, number, string]>([
  [{ listen: ['192.0.2.1'] }, 71, 'Cannot listen on 192.0.2.1, port 0: this machine has no such address'],
  [{ unixSocket: '/no/such/folder/socket' }, 71, 'Cannot listen on /no/such/folder/socket: no such directory'],
  [{ maxConnections: 4_000_000 }, 71, 'Cannot serve 4000000 connections: the process may open'],
])('a start that the machine refuses is one line and an exit code: %j', async (options, code, line) => {
  const child = run(options);
  expect(await child.exited).toBe(code);
  const errors = child.log.filter(({ level }) => level === 60);
  expect(errors).toHaveLength(1);
  expect(errors[0].msg).toContain(line);
});

test('bad options end it with 64, all of them named', async () => {
  const child = run({ threads: 0, backlog: 0 });
  expect(await child.exited).toBe(64);
  expect(child.output).toMatch(/^Cannot start the server: threads is 0, .*; backlog is 0, .*\n$/);
});

testAsRoot('an unknown user ends it with 67', async () => {
  const child = run({ user: 'nobody-of-this-name' });
  expect(await child.exited).toBe(67);
  expect(child.output).toContain('Cannot become user nobody-of-this-name: there is no such user');
});

testAsRoot('with a user, every thread of it belongs to that user', async () => {
  const child = run({ user: 'nobody', pidFile: null });
  // The port file lies in a folder of root's: that it cannot be written is logged and nothing more.
  while (!child.output.includes('Serving')) await pause(10);
  const status = readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
  const ids = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/m.exec(status)?.slice(1);
  expect(new Set(ids).size).toBe(1);
  expect(ids?.[0]).not.toBe('0');
});

test('in the background: the parent leaves when the child listens, and the child removes its pid file at the end', async () => {
  const child = run({ daemon: true });
  expect(await child.exited).toBe(0);
  const pid = Number(readFileSync(child.pidFile, 'utf8'));
  expect(pid).not.toBe(child.process.pid);
  const client = await SocketClient.toPort(await child.port());
  expect(await client.stat('pid')).toBe(String(pid));
  process.kill(pid, 'SIGTERM');
  await client.untilEnd();
  while (existsSync(child.pidFile)) await pause(10);
});

test('in the background: a start that fails is told by the parent, with the exit code', async () => {
  const child = run({ daemon: true, listen: ['192.0.2.1'] });
  expect(await child.exited).toBe(71);
  expect(child.output).toBe('Cannot listen on 192.0.2.1, port 0: this machine has no such address\n');
});

test('where koffi does not load, one worker serves on net, and the log says why', async () => {
  const preload = new URL('./testing/without-koffi.mjs', import.meta.url).href;
  const child = run({ threads: 2, listen: ['127.0.0.1'], port: 0 }, { NODE_OPTIONS: `--import ${preload}` });
  while (!child.output.includes('Serving')) await pause(10);
  expect(child.log.find(({ msg }) => msg === 'Serving')).toMatchObject({ transport: 'net' });
  while (readFileSync(child.portFile, 'utf8') === '') await pause(10);
  const client = await SocketClient.toPort(await child.port());
  expect(await client.ask('set k 0 0 1\r\n1\r\n')).toBe('STORED\r\n');
  expect(await client.ask('stats conns\r\n', 'END\r\n')).toContain('conn_listening');
  expect(child.output).toContain('Only one worker accepts connections');
  child.process.kill();
  expect(await child.exited).toBe(0);
});

test('where koffi does not load, epoll is refused with 69', async () => {
  const preload = new URL('./testing/without-koffi.mjs', import.meta.url).href;
  const child = run({ transport: 'epoll' }, { NODE_OPTIONS: `--import ${preload}` });
  expect(await child.exited).toBe(69);
  expect(child.output).toContain(
    'Cannot serve on the epoll transport: koffi does not load: no binary for this machine',
  );
});

const testWithUring = TRANSPORTS_HERE.includes('uring') ? test : test.skip;
const WITHOUT_URING = { NODE_OPTIONS: `--import ${new URL('./testing/without-io-uring.mjs', import.meta.url).href}` };

testWithUring('auto takes io_uring where the kernel allows it, and says so', async () => {
  const child = run();
  const client = await SocketClient.toPort(await child.port());
  expect(await client.ask('stats settings\r\n', 'END\r\n')).toContain('STAT transport uring\r\n');
  while (!child.output.includes('Serving')) await pause(10);
  const line = child.log.find(({ msg }) => msg === 'Serving');
  expect(line).toMatchObject({ transport: 'uring' });
  expect(line).not.toHaveProperty('fallbackReason');
});

testWithUring('where a seccomp profile forbids io_uring, auto serves on epoll and says why', async () => {
  const child = run({}, WITHOUT_URING);
  const client = await SocketClient.toPort(await child.port());
  expect(await client.ask('set k 0 0 1\r\n1\r\nget k\r\n', 'END\r\n')).toBe('STORED\r\nVALUE k 0 1\r\n1\r\nEND\r\n');
  expect(await client.ask('stats settings\r\n', 'END\r\n')).toContain('STAT transport epoll\r\n');
  while (!child.output.includes('Serving')) await pause(10);
  const fallbackReason = 'Cannot make an io_uring: EPERM';
  expect(child.log.find(({ msg }) => msg === 'Serving')).toMatchObject({ transport: 'epoll', fallbackReason });
});

testWithUring('where a seccomp profile forbids io_uring, asking for it is refused with 69', async () => {
  const child = run({ transport: 'uring' }, WITHOUT_URING);
  expect(await child.exited).toBe(69);
  expect(child.output).toContain('Cannot serve on the uring transport: Cannot make an io_uring: EPERM');
});

testWithPrlimit.each(TRANSPORTS_HERE)(
  'out of descriptors it stops accepting on %s, serves on, and accepts again when somebody has left',
  async (transport) => {
    const child = run({ maxConnections: 500, transport });
    const first = await SocketClient.toPort(await child.port());
    await first.ask('mn\r\n');
    while (!child.output.includes('Serving')) await pause(10);
    const open = readdirSync(`/proc/${child.process.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(child.process.pid), `--nofile=${open + 5}:${open + 5}`]);
    const port = await child.port();
    // While it does not accept, some of them have to wait in connect().
    const others = Array.from({ length: 20 }, () => SocketClient.toPort(port));
    while ((await first.stat('accepting_conns')) !== '0');
    expect(await first.ask('mn\r\n')).toBe('MN\r\n');
    for (const client of others) client.then((connected) => connected.close()).catch(() => {});
    while ((await first.stat('accepting_conns')) !== '1');
    expect(Number(await first.stat('listen_disabled_num'))).toBeGreaterThan(0);
    expect(await (await SocketClient.toPort(port)).ask('mn\r\n')).toBe('MN\r\n');
  },
);
