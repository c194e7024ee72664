import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { shoalCommand } from '../peers/contenders.js';
import { CacheClient } from './cache-client.js';
import { Pair } from './pair.js';

const valueBytes = (key: number): number => 4 + (key % 100);

let pair: Pair | undefined;
let server: Server | undefined;

afterEach(async () => {
  await pair?.stop();
  server?.close();
  pair = undefined;
  server = undefined;
});

function startPair(): Promise<Pair> {
  const shoal = shoalCommand({ memcached: 'memcached', transport: 'epoll', workers: 1 });
  return Pair.start({ servers: { shoal, memcached: shoal }, memoryMiB: 8, valueBytes });
}

async function serve(reply: string): Promise<number> {
  server = createServer((socket) => socket.on('data', () => socket.write(reply))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a read-through client', () => {
  test('misses first, stores, and hits then, on both servers alike', async () => {
    pair = await startPair();
    const keys = Int32Array.from({ length: 120 }, (_, index) => index % 100);
    const hits = { shoal: new Uint8Array(120), memcached: new Uint8Array(120) };
    await pair.both((client, side) => client.readThrough(keys, hits[side]));
    expect([...hits.shoal, ...hits.memcached].every((hit) => hit === 0)).toBe(true);
    await pair.both((client, side) => client.readThrough(keys, hits[side]));
    expect([...hits.shoal, ...hits.memcached].every((hit) => hit === 1)).toBe(true);
    expect(await pair.statistic('curr_items')).toEqual({ shoal: 100, memcached: 100 });
  });

  test('marks the keys that are there among those that are not', async () => {
    pair = await startPair();
    await pair.both((client) => client.store(Int32Array.of(1, 3)));
    const hits = new Uint8Array(4);
    await pair.clients.shoal.readThrough(Int32Array.of(0, 1, 2, 3), hits);
    expect([...hits]).toEqual([0, 1, 0, 1]);
  });

  test.each([
    ['a value that was not stored', `VALUE key:${'7'.padStart(28, '0')} 0 3\r\nabc\r\nEND\r\n`, 'not what was stored'],
    ['an error', 'SERVER_ERROR out of memory\r\n', 'the server said SERVER_ERROR out of memory'],
  ])('refuses %s', async (_, reply, message) => {
    const client = await CacheClient.connect(await serve(reply), valueBytes);
    await expect(client.readThrough(Int32Array.of(7), new Uint8Array(1))).rejects.toThrow(message);
    client.close();
  });
});
