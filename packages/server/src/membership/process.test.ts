/** A server process that belongs to a registered cluster: who may change its list when, and how its end goes. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServerOptions } from '@shoal/server';
import { ADMISSION, FakePool } from '../testing/fake-pool.js';
import { ServerChild } from '../testing/server-child.js';
import { SocketClient } from '../testing/socket-client.js';
import { TRANSPORTS_HERE } from '../testing/transports-here.js';

const POLL_MS = 10;
const HOUR_MS = 3_600_000;

let pool: FakePool;
const children: ServerChild[] = [];
const clients: SocketClient[] = [];

beforeEach(async () => {
  pool = await new FakePool().start();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const child of children.splice(0)) child.remove();
  await pool.stop();
});

function run(options: ServerOptions = {}): ServerChild {
  const { host, port } = pool.address;
  const child = new ServerChild({
    poolAddresses: [`${host}:${port}`],
    clusterId: 'dev',
    poolToken: 'token',
    ...options,
  });
  children.push(child);
  return child;
}

async function connectTo(child: ServerChild): Promise<SocketClient> {
  const client = await SocketClient.toPort(await child.port());
  clients.push(client);
  return client;
}

async function logged(child: ServerChild, text: string): Promise<void> {
  while (!child.output.includes(text)) await pause(POLL_MS);
}

function set(secret = ''): string {
  return `config set cluster 0 3${secret === '' ? '' : ` ${secret}`}\r\n1\na\r\n`;
}

test.each(TRANSPORTS_HERE)(
  'on %s all its workers take the list from the pool alone, from nobody before it has registered',
  async (transport) => {
    let admit = () => {};
    pool.answers.register = (response) => {
      admit = () => response.writeHead(200).end(JSON.stringify(ADMISSION));
    };
    const child = run({ transport, threads: 2 });
    const { body } = await pool.asked('register');
    const askers = [await connectTo(child), await connectTo(child)];
    for (const client of askers) {
      expect(await client.ask('set k 0 0 1\r\nv\r\n')).toBe('STORED\r\n');
      for (const secret of ['', ADMISSION.secret]) {
        expect(await client.ask(set(secret))).toBe('CLIENT_ERROR config is managed by the pool\r\n');
      }
    }
    expect(body.address).toMatchObject({ ip: '127.0.0.1', port: await child.port() });
    admit();
    await logged(child, 'Joined the cluster');
    for (const client of askers) {
      expect(await client.ask(set())).toBe('CLIENT_ERROR config is managed by the pool\r\n');
      expect(await client.ask(set(ADMISSION.secret))).toBe('STORED\r\n');
    }
    expect(child.output).not.toContain(ADMISSION.secret);
  },
);

test('it serves although the pool is not there', async () => {
  await pool.stop();
  const child = run();
  await logged(child, 'Cannot register with the pool');
  expect(await (await connectTo(child)).ask('set k 0 0 1\r\nv\r\n')).toBe('STORED\r\n');
  child.process.kill('SIGTERM');
  expect(await child.exited).toBe(0);
});

test('SIGTERM has it leave, serve on for the drain, new clients too, and then close', async () => {
  pool.answers.leave = { status: 200, body: { drainMs: 5000 } };
  const child = run();
  await logged(child, 'Joined the cluster');
  const client = await connectTo(child);
  child.process.kill('SIGTERM');
  await pool.asked('leave');
  expect(await client.ask('set k 0 0 1\r\nv\r\n')).toBe('STORED\r\n');
  expect(await (await connectTo(child)).ask('get k\r\n', 'END\r\n')).toContain('VALUE k 0 1');
  expect(child.process.exitCode).toBeNull();
  expect(await client.untilEnd()).toBe('');
  expect(await child.exited).toBe(0);
  const messages = child.log.map(({ msg }) => msg);
  expect(messages.slice(-5)).toEqual(['Got a signal', 'Leaving the cluster', 'Left the cluster', 'Closing', 'Closed']);
});

test('a second signal stops it at once, however long the drain is', async () => {
  pool.answers.leave = { status: 200, body: { drainMs: HOUR_MS } };
  const child = run();
  await logged(child, 'Joined the cluster');
  child.process.kill('SIGTERM');
  await pool.asked('leave');
  child.process.kill('SIGINT');
  expect(await child.exited).toBe(0);
});

test('the shutdown command ends it without a drain', async () => {
  const child = run({ shutdownCommand: true });
  await logged(child, 'Joined the cluster');
  (await connectTo(child)).send('shutdown\r\n');
  expect(await child.exited).toBe(0);
});
