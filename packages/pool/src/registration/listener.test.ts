/** Registering over real HTTP: who may, what is taken, and what is not listened to. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PoolError, PoolErrorCode } from '../api/errors.js';
import { ListenErrorCode } from '../api/listen-error.js';
import { RegistryError, RegistryErrorCode } from '../registry/registry.js';
import { ADMISSION, FakePoolRequests } from '../testing/fake-pool-requests.js';
import { post, rawConnection, readAnswer } from '../testing/raw-connection.js';
import { storedCluster } from '../testing/stored-cluster.js';
import { type RegistrationListener, type RegistrationOptions, startRegistration } from './listener.js';

const TOKEN = 'a-long-token';
const JSON_TYPE = 'content-type: application/json';
const ADDRESS = { hostname: 'node-1.shoal', ip: '10.0.0.7', port: 11_211 };
const NODE = { clusterId: 'web', instanceId: 'f00', address: ADDRESS };
const MEMBER = { clusterId: 'web', nodeId: '0001', instanceId: 'f00' };

let requests = new FakePoolRequests();
let failures: unknown[] = [];
const listeners: RegistrationListener[] = [];

beforeEach(() => {
  requests = new FakePoolRequests();
  requests.clusters = [{ cluster: storedCluster('web', 1), observations: [] }];
  failures = [];
});

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
});

async function start(more: Partial<RegistrationOptions> = {}): Promise<RegistrationListener> {
  const onFailure = (error: unknown) => failures.push(error);
  const listener = await startRegistration({
    host: '127.0.0.1',
    port: 0,
    token: null,
    requests,
    onFailure,
    ...more,
  });
  listeners.push(listener);
  return listener;
}

type Answer = readonly [status: number, body: Record<string, unknown>];

async function send(port: number, bytes: string): Promise<Answer> {
  return readAnswer(await rawConnection({ host: '127.0.0.1', port }, bytes).received);
}

function ask({ port }: RegistrationListener, path: string, body: unknown, ...headers: string[]): Promise<Answer> {
  return send(port, post(path, JSON.stringify(body), [JSON_TYPE, ...headers]));
}

describe('a node', () => {
  test('registers, and hears its id and what it has to keep to', async () => {
    const listener = await start();
    const listenerAddresses = { 11311: { hostname: 'outside', ip: '192.0.2.1', port: 9 } };
    const node = { ...NODE, clusterId: 'Web', address: { ...ADDRESS, hostname: 'Node-1.Shoal' }, listenerAddresses };
    await expect(ask(listener, '/v1/register', node)).resolves.toEqual([200, ADMISSION]);
    expect(requests.calls).toEqual([['registerNode', { ...NODE, listenerAddresses }]]);
  });

  test('need not have other listeners, and may be of a later release', async () => {
    const listener = await start();
    await ask(listener, '/v1/register', { ...NODE, zone: 'b' });
    expect(requests.calls).toEqual([['registerNode', { ...NODE, listenerAddresses: {} }]]);
  });

  test('is heard of', async () => {
    const listener = await start();
    await expect(ask(listener, '/v1/heartbeat', MEMBER)).resolves.toEqual([200, {}]);
    expect(requests.calls).toEqual([['heartbeat', 'web', '0001', 'f00']]);
  });

  test('that nobody knows hears so, and registers again', async () => {
    const listener = await start();
    requests.failure = new PoolError(PoolErrorCode.NODE_NOT_FOUND, 'Cache node not found: 0001');
    await expect(ask(listener, '/v1/heartbeat', MEMBER)).resolves.toEqual([
      404,
      { code: 'CacheNodeNotFound', message: 'Cache node not found: 0001' },
    ]);
  });

  test('leaves, and hears how long to serve on', async () => {
    const listener = await start();
    await expect(ask(listener, '/v1/leave', MEMBER)).resolves.toEqual([200, { drainMs: 75_000 }]);
    expect(requests.calls).toEqual([
      ['describe', 'web'],
      ['deregisterNode', 'web', '0001', 'f00'],
    ]);
  });

  test('of a cluster that is not there hears so', async () => {
    const listener = await start();
    const [status, body] = await ask(listener, '/v1/leave', { ...MEMBER, clusterId: 'other' });
    expect([status, body.code]).toEqual([404, 'CacheClusterNotFound']);
  });

  test('hears to try later while the registry is away', async () => {
    const listener = await start();
    requests.failure = new RegistryError(RegistryErrorCode.UNAVAILABLE, 'Cannot reach etcd');
    const [status, body] = await ask(listener, '/v1/register', NODE);
    expect([status, body.code]).toEqual([503, 'ServiceUnavailable']);
  });
});

describe('the listener', () => {
  test.each([
    ['no address', { ...NODE, address: undefined }, 'address is missing: it must have hostname, ip and port'],
    [
      'half an address',
      { ...NODE, address: { ip: '10.0.0.7', port: 1 } },
      'address.hostname is missing: it must be a name',
    ],
    [
      'a host of another kind',
      { ...NODE, address: { ...ADDRESS, hostname: 'a b' } },
      /address cannot be listed \(Hostname "a b"/,
    ],
    ['a host with a bar', { ...NODE, address: { ...ADDRESS, hostname: 'a|b' } }, /address cannot be listed/],
    [
      'an ip that is none',
      { ...NODE, address: { ...ADDRESS, ip: '1.2.3' } },
      /Address "1.2.3" is neither IPv4 nor IPv6/,
    ],
    ['port 0', { ...NODE, address: { ...ADDRESS, port: 0 } }, /Port 0 is not a whole number from 1 to 65535/],
    ['a cluster that breaks the rules', { ...NODE, clusterId: 'a--b' }, /clusterId must be 1 to 50 letters/],
    ['no instance', { ...NODE, instanceId: '' }, /instanceId must be 1 to 64 letters/],
    ['an instance with line breaks', { ...NODE, instanceId: 'a\r\nb' }, /instanceId must be 1 to 64 letters/],
    [
      'a listener that is no port',
      { ...NODE, listenerAddresses: { x: ADDRESS } },
      /listenerAddresses.* must be at most 8/,
    ],
    [
      'a listener with a bad address',
      { ...NODE, listenerAddresses: { 5: { ...ADDRESS, port: 70_000 } } },
      /listenerAddresses\.5 cannot be listed/,
    ],
    [
      'too many listeners',
      { ...NODE, listenerAddresses: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i + 1, ADDRESS])) },
      /listenerAddresses must be at most 8/,
    ],
  ])('refuses %s', async (_, node, problem) => {
    const listener = await start();
    const [status, body] = await ask(listener, '/v1/register', node);
    expect([status, body.code]).toEqual([400, 'InvalidParameterValue']);
    expect(body.message).toMatch(problem);
    expect(requests.calls).toEqual([]);
  });

  test('tells everything that is wrong at once', async () => {
    const listener = await start();
    const [, body] = await ask(listener, '/v1/heartbeat', { clusterId: '-', nodeId: '1', instanceId: 7 });
    expect(body.message).toMatch(/^Cannot take the heartbeat: clusterId .*; nodeId .*; instanceId /);
  });

  test.each([
    ['no JSON', post('/v1/register', '{'), 400],
    ['another content type', post('/v1/register', '{}', ['content-type: text/plain']), 415],
    ['another path', post('/v2/register', '{}'), 404],
    ['another method', post('/v1/register', '{}').replace('POST', 'PUT'), 405],
    ['a web page', post('/v1/register', '{}', [JSON_TYPE, 'origin: http://127.0.0.1']), 403],
    ['a body of many kilobytes', post('/v1/register', `"${'x'.repeat(100_000)}"`), 413],
  ])('refuses %s', async (_, bytes, status) => {
    const { port } = await start();
    await expect(send(port, bytes)).resolves.toMatchObject([status, { code: expect.any(String) }]);
    expect(requests.calls).toEqual([]);
  });

  test('cuts those who never finish, and serves others meanwhile', async () => {
    const listener = await start({ limits: { receiveTimeoutMs: 500 } });
    const where = { host: '127.0.0.1', port: listener.port };
    const slow = Array.from({ length: 100 }, (_, i) =>
      rawConnection(where, post('/v1/register', 'x').slice(0, -1 - (i % 90))),
    );
    await expect(ask(listener, '/v1/register', NODE)).resolves.toMatchObject([200, {}]);
    await Promise.all(slow.map(({ received }) => received));
    expect(requests.calls).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  test('holds a bounded number of connections, and takes new ones when those are gone', async () => {
    const listener = await start({ limits: { maxConnections: 2 } });
    const where = { host: '127.0.0.1', port: listener.port };
    const open = post('/v1/heartbeat', JSON.stringify(MEMBER)).replace('connection: close', 'connection: keep-alive');
    const held = [rawConnection(where, open), rawConnection(where, open)];
    await heard(2);
    await expect(rawConnection(where, '').received).resolves.toBe('');
    for (const { socket } of held) socket.end();
    await Promise.all(held.map(({ received }) => received));
    await expect(ask(listener, '/v1/heartbeat', MEMBER)).resolves.toEqual([200, {}]);
  });

  test('hands to the log what nobody foresaw, and does not tell it', async () => {
    const listener = await start();
    requests.failure = new TypeError('oops');
    await expect(ask(listener, '/v1/register', NODE)).resolves.toMatchObject([500, { code: 'InternalFailure' }]);
    expect(failures).toEqual([requests.failure]);
  });

  test('tells that its port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: ListenErrorCode.IN_USE,
      message: `Cannot listen on 127.0.0.1:${port}: the address is in use`,
    });
  });
});

/** Resolves when the pool was asked as often as this. */
async function heard(times: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (requests.calls.length < times && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  expect(requests.calls.length).toBe(times);
}

describe('the token', () => {
  test('admits who has it', async () => {
    const listener = await start({ token: TOKEN });
    await expect(ask(listener, '/v1/register', NODE, `authorization: Bearer ${TOKEN}`)).resolves.toEqual([
      200,
      ADMISSION,
    ]);
    await expect(ask(listener, '/v1/register', NODE, `Authorization: bearer  ${TOKEN}`)).resolves.toEqual([
      200,
      ADMISSION,
    ]);
  });

  test.each([
    ['none', []],
    ['an empty one', ['authorization: Bearer ']],
    ['another', ['authorization: Bearer another-token']],
    ['a part of it', [`authorization: Bearer ${TOKEN.slice(0, -1)}`]],
    ['more than it', [`authorization: Bearer ${TOKEN}x`]],
    ['another scheme', [`authorization: Basic ${TOKEN}`]],
    ['it in another header', [`x-token: ${TOKEN}`]],
  ])('does not admit who has %s, whatever is asked', async (_, headers) => {
    const listener = await start({ token: TOKEN });
    for (const path of ['/v1/register', '/v1/heartbeat', '/v1/leave', '/']) {
      const [status, body] = await ask(listener, path, NODE, ...headers);
      expect([status, body.code]).toEqual([401, 'NotAuthorized']);
      expect(body.message).not.toContain(TOKEN);
    }
    expect(requests.calls).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.example.com'])('is required on %s', async (host) => {
    await expect(start({ host })).rejects.toMatchObject({
      code: ListenErrorCode.TOKEN_REQUIRED,
      message: expect.stringMatching(/set SHOAL_POOL_TOKEN/),
    });
  });

  test.each(['', 'two words', 'tök'])('cannot be %p', async (token) => {
    await expect(start({ token })).rejects.toMatchObject({ code: ListenErrorCode.TOKEN_REQUIRED });
  });

  test('lets every address be listened on', async () => {
    const listener = await start({ host: '0.0.0.0', token: TOKEN });
    await expect(ask(listener, '/v1/register', NODE, `authorization: Bearer ${TOKEN}`)).resolves.toEqual([
      200,
      ADMISSION,
    ]);
  });
});
