/** Whole servers on real sockets, each behaviour on each transport. The built package is tested: threads need files. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type RunningServer, resolveServerOptions, type ServerOptions, startServer } from '@shoal/server';
import { pino } from 'pino';
import { launchServer } from '../dist/server.js';
import { SERVER_LIMITS } from './running-server.js';
import { SocketClient } from './testing/socket-client.js';
import { TRANSPORTS_HERE } from './testing/transports-here.js';
import { loadLibc, SO_RCVBUF, SOL_SOCKET } from './transport/libc.js';

const LEGACY_KEY = 'AmazonElastiCache:cluster';
let folder: string;
const servers: RunningServer[] = [];
const clients: SocketClient[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-server-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.destroy()));
  rmSync(folder, { recursive: true });
});

const { libc } = await loadLibc();
const testNarrow = libc === null ? test.skip : test;

/** Gives a client as little room for what it receives as the kernel allows. */
function narrow(client: SocketClient): void {
  const { fd } = (client.socket as unknown as { _handle: { fd: number } })._handle;
  const bytes = libc!.allocate(4);
  libc!.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, bytes.address, 4);
}

describe.each(TRANSPORTS_HERE)('on %s', (transport) => {
  async function start(options: ServerOptions = {}): Promise<RunningServer> {
    const server = await startServer({ port: 0, listen: ['127.0.0.1'], threads: 2, transport, ...options });
    servers.push(server);
    return server;
  }

  async function connectTo(server: RunningServer): Promise<SocketClient> {
    const client = await SocketClient.toPort(server.port);
    clients.push(client);
    return client;
  }

  test('it says where it listens, and with which transport', async () => {
    const server = await start();
    expect(server.endpoints).toEqual([{ family: 4, address: '127.0.0.1', port: server.port }]);
    expect(server.port).toBeGreaterThan(0);
    expect([server.transport, server.phase.kind]).toEqual([transport, 'serving']);
  });

  test('a managed node lets who knows its secret change the list, and shows each listener its own', async () => {
    const clusterSecret = 'ab'.repeat(16);
    const server = await start({ clusterSecret, listen: ['127.0.0.1:0', '127.0.0.1:0'] });
    const [inner, outer] = server.endpoints.map(({ port }) => port);
    const client = await connectTo(server);
    expect(await client.ask('config set cluster 0 1\r\nx\r\n')).toBe('CLIENT_ERROR config is managed by the pool\r\n');
    expect(await client.ask(`config set cluster:${outer} 0 4 ${clusterSecret}\r\nout\n\r\n`)).toBe('STORED\r\n');
    expect(await client.ask(`config set cluster 0 3 ${clusterSecret}\r\nin\n\r\n`)).toBe('STORED\r\n');
    const seenBy = async (port: number) => {
      const asker = await SocketClient.toPort(port);
      clients.push(asker);
      return [
        await asker.ask('config get cluster\r\n', 'END\r\n'),
        await asker.ask(`get ${LEGACY_KEY}\r\n`, 'END\r\n'),
      ];
    };
    // Twice, so that both workers are asked.
    for (let round = 0; round < 2; round++) {
      const [config, legacy] = await seenBy(inner);
      expect(config).toBe('CONFIG cluster 0 3\r\nin\n\r\nEND\r\n');
      expect(legacy).toBe(`VALUE ${LEGACY_KEY} 0 3\r\nin\n\r\nEND\r\n`);
      expect((await seenBy(outer))[0]).toBe('CONFIG cluster 0 4\r\nout\n\r\nEND\r\n');
    }
    expect(await client.ask('stats settings\r\n', 'END\r\n')).not.toContain(clusterSecret);
  });

  test('commands split at any byte are served as if they had come whole', async () => {
    const client = await connectTo(await start());
    const conversation = 'set key 5 0 4\r\nva\r\n\r\nget key\r\nincr nothing 1\r\n';
    for (const letter of conversation) {
      client.send(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.until('NOT_FOUND\r\n')).toBe('STORED\r\nVALUE key 5 4\r\nva\r\n\r\nEND\r\nNOT_FOUND\r\n');
  });

  test('a long pipeline is answered in order, beyond any buffer and any turn', async () => {
    const client = await connectTo(await start({ requestsPerEvent: 3 }));
    const count = 5000;
    const value = 'v'.repeat(200);
    const numbers = Array.from({ length: count }, (_, index) => index);
    client.send(numbers.map((n) => `set k${n} ${n} 0 200\r\n${value}\r\nget k${n}\r\n`).join(''));
    client.send('mn\r\n');
    const expected = numbers.map((n) => `STORED\r\nVALUE k${n} ${n} 200\r\n${value}\r\nEND\r\n`).join('');
    expect(await client.until('MN\r\n')).toBe(`${expected}MN\r\n`);
  });

  test('a client that reads slowly gets everything, and holds nobody up', async () => {
    const server = await start();
    const slow = await connectTo(server);
    const value = 'x'.repeat(500_000);
    expect(await slow.ask(`set big 0 0 500000\r\n${value}\r\n`)).toBe('STORED\r\n');
    const before = slow.receivedBytes;
    slow.socket.pause();
    const gets = 100;
    slow.send('get big\r\n'.repeat(gets));
    const others = await Promise.all([connectTo(server), connectTo(server)]);
    for (const other of others) expect(await other.ask('get nothing\r\n')).toBe('END\r\n');
    slow.socket.resume();
    const reply = `VALUE big 0 500000\r\n${value}\r\nEND\r\n`.length;
    await slow.untilBytes(before + gets * reply);
    expect(slow.receivedBytes).toBe(before + gets * reply);
  });

  test('a client that never reads is disconnected after a time, and counted', async () => {
    const options = resolveServerOptions({ port: 0, listen: ['127.0.0.1'], threads: 2, transport });
    const limits = { ...SERVER_LIMITS, slowReaderMs: 100 };
    const server = await launchServer(options, { log: pino({ level: 'silent' }), limits });
    servers.push(server);
    const [reader, other] = [await connectTo(server), await connectTo(server)];
    await reader.ask(`set big 0 0 500000\r\n${'x'.repeat(500_000)}\r\n`);
    reader.socket.pause();
    reader.send('get big\r\n'.repeat(100));
    await untilStat(other, 'curr_connections', '1');
    reader.socket.resume();
    await reader.untilEnd();
    expect(reader.receivedBytes).toBeLessThan(100 * 500_000);
  });

  testNarrow('a reply that the socket has not room for when the server closes arrives whole', async () => {
    const server = await start({ threads: 1 });
    const value = 'x'.repeat(60_000);
    expect(await (await connectTo(server)).ask(`set big 0 0 ${value.length}\r\n${value}\r\n`)).toBe('STORED\r\n');
    const client = await connectTo(server);
    expect(await client.ask('mn\r\n')).toBe('MN\r\n');
    narrow(client);
    client.socket.pause();
    client.send(`set a 0 0 4\r\nab`);
    const other = await connectTo(server);
    // The half block has been read by the time this is answered twice.
    for (let i = 0; i < 2; i++) expect(await other.ask('mn\r\n')).toBe('MN\r\n');
    const closed = server.close();
    client.send('cd\r\nget big\r\n');
    client.socket.resume();
    const expected = `STORED\r\nVALUE big 0 ${value.length}\r\n${value}\r\nEND\r\n`;
    expect((await client.untilEnd()).length).toBe(expected.length);
    await closed;
  });

  test('what was asked before a half-close is answered, then the server closes', async () => {
    const client = await connectTo(await start({ requestsPerEvent: 2 }));
    client.socket.end('set a 0 0 1\r\n1\r\nget a\r\nget a\r\nget a\r\nget a\r\n');
    const hit = 'VALUE a 0 1\r\n1\r\nEND\r\n';
    expect(await client.untilEnd()).toBe(`STORED\r\n${hit.repeat(4)}`);
  });

  test('many clients at a time are all served, and counted', async () => {
    const server = await start({ maxConnections: 400 });
    const all = await Promise.all(Array.from({ length: 300 }, () => connectTo(server)));
    const answers = await Promise.all(all.map((client, index) => client.ask(`set k${index} 0 0 1\r\n1\r\n`)));
    expect(new Set(answers)).toEqual(new Set(['STORED\r\n']));
    expect(await all[0].stat('curr_connections')).toBe('300');
    expect(await all[0].stat('total_connections')).toBe('301');
  });

  test('past the limit a client is told so, until somebody leaves', async () => {
    const server = await start({ maxConnections: 2 });
    const [first, second] = [await connectTo(server), await connectTo(server)];
    await first.ask('mn\r\n');
    await second.ask('mn\r\n');
    const third = await connectTo(server);
    expect(await third.untilEnd()).toBe('ERROR Too many open connections\r\n');
    expect(await first.stat('rejected_connections')).toBe('1');
    second.send('quit\r\n');
    await second.untilEnd();
    await untilStat(first, 'curr_connections', '1');
    expect(await (await connectTo(server)).ask('mn\r\n')).toBe('MN\r\n');
  });

  test('with no_maxconns_fast a client past the limit waits until somebody leaves', async () => {
    const server = await start({ maxConnections: 2, maxConnectionsFast: false });
    const [first, second] = [await connectTo(server), await connectTo(server)];
    await first.ask('mn\r\n');
    await second.ask('mn\r\n');
    const waiting = SocketClient.toPort(server.port).then((client) => {
      clients.push(client);
      return client.ask('mn\r\n');
    });
    await untilStat(first, 'accepting_conns', '0');
    second.send('quit\r\n');
    expect(await waiting).toBe('MN\r\n');
    expect(Number(await first.stat('listen_disabled_num'))).toBeGreaterThanOrEqual(1);
  });

  test('a silent client is closed after its idle time and counted, a busy upload is not', async () => {
    const server = await start({ idleTimeoutSeconds: 60, debugCommands: true });
    const [silent, busy, clock] = [await connectTo(server), await connectTo(server), await connectTo(server)];
    await silent.ask('mn\r\n');
    await busy.ask('mn\r\n');
    busy.send('set k 0 0 4\r\nab');
    await untilAnswer(clock, 'stats conns\r\n', 'conn_nread');
    await clock.ask('debugtime 100\r\n');
    await silent.untilEnd();
    expect(await busy.ask('cd\r\n')).toBe('STORED\r\n');
    expect(Number(await busy.stat('idle_kicks'))).toBeGreaterThanOrEqual(1);
  });

  test('a graceful stop lets an upload finish, and takes no new client', async () => {
    const server = await start();
    const [busy, resting] = [await connectTo(server), await connectTo(server)];
    busy.send('set k 0 0 4\r\nab');
    await untilAnswer(resting, 'stats conns\r\n', 'conn_nread');
    const closed = server.close();
    expect(await resting.untilEnd()).toBe('');
    await expect(SocketClient.toPort(server.port)).rejects.toThrow('ECONNREFUSED');
    expect(await busy.ask('cd\r\n')).toBe('STORED\r\n');
    await closed;
    expect(await server.stopped).toEqual({ kind: 'closed' });
    expect(server.phase).toEqual({ kind: 'closed', reason: { kind: 'closed' } });
  });

  test('a graceful stop under load answers every command that it has taken', async () => {
    const server = await start();
    const load = await connectTo(server);
    load.send('set k 0 0 1\r\n1\r\n'.repeat(2000));
    await load.until('STORED\r\n');
    await server.close();
    expect(await load.untilEnd()).toMatch(/^(STORED\r\n)*$/);
  });

  test('closing twice, and destroying in between, ends once', async () => {
    const server = await start();
    await connectTo(server);
    await Promise.all([server.close(), server.destroy(), server.close()]);
    expect(await server.stopped).toEqual({ kind: 'closed' });
  });

  test('the shutdown command stops the server', async () => {
    const server = await start({ shutdownCommand: true });
    const client = await connectTo(server);
    client.send('shutdown graceful\r\n');
    expect(await client.untilEnd()).toBe('');
    expect(await server.stopped).toEqual({ kind: 'shutdown', graceful: true });
  });

  test('a watcher is fed from other workers', async () => {
    const server = await start({ threads: 3 });
    const watcher = await connectTo(server);
    expect(await watcher.ask('watch mutations\r\n')).toBe('OK\r\n');
    for (const name of ['a', 'b', 'c']) {
      await (await connectTo(server)).ask(`set ${name} 0 0 1\r\n1\r\n`);
      expect(await watcher.until(`key=${name} status=stored`)).toContain('type=item_store');
    }
  });

  test('a key dump comes from the maintenance thread, and the connection goes on after it', async () => {
    const client = await connectTo(await start());
    for (let n = 0; n < 50; n++) await client.ask(`set key${n} 0 0 1\r\n1\r\n`);
    client.send('lru_crawler metadump all\r\n');
    const dump = await client.until('END\r\n');
    expect(new Set(dump.match(/key=key\d+/g)).size).toBe(50);
    expect(await client.ask('mn\r\n')).toBe('MN\r\n');
  });

  test('a unix socket has the mode asked for, replaces a stale one, and is gone when the server has closed', async () => {
    const path = join(folder, 'socket');
    const stale = createServer();
    await new Promise<void>((resolve) => stale.listen(path, resolve));
    const server = await start({ unixSocket: path, unixMask: 0o770 });
    expect(statSync(path).mode & 0o777).toBe(0o770);
    expect([server.endpoints, server.port]).toEqual([[{ family: 1, address: path, port: 0 }], 0]);
    const client = await SocketClient.connect({ path });
    clients.push(client);
    expect(await client.ask('set k 0 0 1\r\n1\r\n')).toBe('STORED\r\n');
    const conns = await client.ask('stats conns\r\n', 'END\r\n');
    expect(conns).toContain(`:addr unix:${path}\r\n`);
    expect(conns).toContain(`:listen_addr unix:${path}\r\n`);
    await server.close();
    expect(existsSync(path)).toBe(false);
    stale.close();
  });

  test('a file that is no socket is not replaced', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'precious');
    await expect(start({ unixSocket: path })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE', exitCode: 71 });
    expect(existsSync(path)).toBe(true);
  });

  test('a port in use is named, and nothing of the start is left', async () => {
    const server = await start();
    const listen = ['127.0.0.1:0', `127.0.0.1:${server.port}`];
    const message = `Cannot listen on 127.0.0.1, port ${server.port}: the address is in use`;
    await expect(start({ listen })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE', message });
  });

  test.each([
    [{ listen: ['no-such-host.invalid'] }, 'BAD_ADDRESS'],
    [{ listen: ['192.0.2.1'] }, 'BAD_ADDRESS'],
    [{ unixSocket: '/no/such/folder/socket' }, 'BAD_ADDRESS'],
  ])('%j cannot be listened on', async (options, code) => {
    await expect(start(options)).rejects.toMatchObject({ name: 'ServerStartError', code });
  });

  test('several addresses are all served', async () => {
    const server = await start({ listen: ['127.0.0.1', '127.0.0.2:0'] });
    expect(server.endpoints.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.2']);
    for (const { address, port } of server.endpoints) {
      const client = await SocketClient.connect({ host: address, port });
      clients.push(client);
      expect(await client.ask('mn\r\n')).toBe('MN\r\n');
    }
  });

  test('every interface means both families on one port', async () => {
    const server = await start({ listen: [] });
    expect(server.endpoints[0]).toEqual({ family: 4, address: '0.0.0.0', port: server.port });
    for (const { family, port } of server.endpoints.slice(1)) expect([family, port]).toEqual([6, server.port]);
  });
});

/** Polls a field until it has the value; the server changes it in its own time. */
async function untilStat(client: SocketClient, name: string, value: string): Promise<void> {
  await untilAnswer(client, 'stats\r\n', `STAT ${name} ${value}\r\n`);
}

async function untilAnswer(client: SocketClient, command: string, text: string): Promise<void> {
  for (;;) if ((await client.ask(command, 'END\r\n')).includes(text)) return;
}
