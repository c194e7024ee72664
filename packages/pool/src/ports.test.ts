import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { isPortFree, nextFreePorts } from './ports.js';

const HOST = '127.0.0.1';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function occupy(host = HOST): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

test('a port that somebody listens on is not free, also if they do on every interface', async () => {
  expect(await isPortFree(HOST, await occupy())).toBe(false);
  expect(await isPortFree(HOST, await occupy('0.0.0.0'))).toBe(false);
});

test('a port that was looked at is free afterwards', async () => {
  const [port] = await nextFreePorts({ host: HOST, above: 40_000, count: 1, taken: new Set() });
  expect(await isPortFree(HOST, port)).toBe(true);
});

test('the next free ports come in order, without those in use and those taken', async () => {
  const used = await occupy();
  const taken = new Set([used + 1]);
  const found = await nextFreePorts({ host: HOST, above: used - 1, count: 3, taken });
  expect(found).toHaveLength(3);
  expect(found).toEqual([...found].sort((a, b) => a - b));
  expect(Math.min(...found)).toBeGreaterThan(used + 1);
});

test('too few ports are an error that says how many there are', async () => {
  const taken = new Set([65_534, 65_535]);
  await expect(nextFreePorts({ host: HOST, above: 65_533, count: 1, taken })).rejects.toMatchObject({
    code: 'InsufficientCacheClusterCapacity',
    message: 'Cannot find ports above 65533 on 127.0.0.1: only 0 of 1 are free',
  });
});

test('an address that this machine has not is an error, not a port in use', async () => {
  const search = { host: '192.0.2.1', above: 20_000, count: 1, taken: new Set<number>() };
  await expect(nextFreePorts(search)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: expect.stringMatching(/^Cannot listen on 192\.0\.2\.1: .*EADDRNOTAVAIL/),
  });
});
