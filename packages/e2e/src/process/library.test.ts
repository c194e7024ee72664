/** A node inside the process of a test suite, in one line: what people use single-threaded imitations for today. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type RunningServer, startServer } from '@shoal/server';
import { Conversation } from '../harness/conversation.js';
import { TRANSPORTS_HERE } from '../harness/server-command.js';
import { accepts } from '../harness/server-process.js';
import { connectMemjs } from '../peers/memjs-client.js';

async function using(
  server: RunningServer,
  use: (address: { host: string; port: number }) => Promise<void>,
): Promise<void> {
  try {
    await use({ host: '127.0.0.1', port: server.port });
  } finally {
    await server.close();
  }
}

describe.each([...TRANSPORTS_HERE, 'auto'] as const)('startServer over %s', (transport) => {
  test('serves on a port of its own, and no longer after close', async () => {
    const server = await startServer({ port: 0, threads: 2, transport });
    expect(server.port).toBeGreaterThan(0);
    await using(server, async (address) => {
      const client = await Conversation.open(address);
      expect(await client.askUntil('set a 0 0 1\r\nx\r\nget a\r\n', 'END\r\n')).toBe(
        'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      );
      await server.close();
      await client.waitClosed();
      expect(await accepts(address)).toBe(false);
    });
    expect(server.phase.kind).toBe('closed');
  });
});

test('several servers in one process know nothing of each other', async () => {
  const servers = await Promise.all([1, 2].map(() => startServer({ port: 0, threads: 1 })));
  try {
    const [one, two] = await Promise.all(servers.map(({ port }) => Conversation.open({ host: '127.0.0.1', port })));
    expect(await one.askUntil('set a 0 0 3\r\none\r\n', '\r\n')).toBe('STORED\r\n');
    expect(await two.askUntil('get a\r\n', 'END\r\n')).toBe('END\r\n');
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test('close may be called again, by several callers', async () => {
  const server = await startServer({ port: 0, threads: 1 });
  await Promise.all([server.close(), server.close()]);
  await server.close();
  expect(await server.stopped).toEqual({ kind: 'closed' });
});

test('a real client of the same process uses it', async () => {
  await using(await startServer({ port: 0, threads: 1 }), async ({ port }) => {
    const client = connectMemjs(port);
    await client.set('a', 'one', {});
    expect((await client.get('a')).value?.toString()).toBe('one');
    client.close();
  });
});

test('a process that exits without closing its server does not wait for workers that are asleep', async () => {
  // After two silent seconds a worker sleeps until it is woken, ten seconds at most.
  const program = `import(${JSON.stringify(import.meta.resolve('@shoal/server'))}).then(async ({ startServer }) => {
    await startServer({ port: 0, threads: 2 });
    setTimeout(() => { process.on('exit', () => console.log(Date.now())); process.exit(3); }, 2500);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let exitedAt = '';
  child.stdout.on('data', (text: Buffer) => {
    exitedAt += text;
  });
  expect(await once(child, 'close')).toEqual([3, null]);
  expect(Date.now() - Number(exitedAt)).toBeLessThan(5000);
});

test('options that cannot be are refused, all named at once', async () => {
  await expect(startServer({ port: 70_000, threads: 0 })).rejects.toThrow(/port[\s\S]*threads|threads[\s\S]*port/);
});
