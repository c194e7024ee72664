/** The API over a real unix socket: what it answers, what it refuses to read, and its file. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakePoolControl } from '../testing/fake-pool-control.js';
import { FakePoolRequests } from '../testing/fake-pool-requests.js';
import { post, rawConnection, readAnswer } from '../testing/raw-connection.js';
import { PoolError, PoolErrorCode } from './errors.js';
import { ListenErrorCode } from './listen-error.js';
import { type Api, type ApiOptions, startApi } from './server.js';

const STALE_SOCKET = join(import.meta.dirname, '..', 'testing', 'stale-socket.mjs');

let folder = '';
let socketPath = '';
let requests = new FakePoolRequests();
let failures: unknown[] = [];
const apis: Api[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-api-'));
  socketPath = join(folder, 'pool.sock');
  requests = new FakePoolRequests();
  failures = [];
});

afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
  await rm(folder, { recursive: true });
});

async function start(more: Partial<ApiOptions> = {}): Promise<Api> {
  const control = new FakePoolControl();
  const api = await startApi({ socketPath, requests, control, onFailure: (error) => failures.push(error), ...more });
  apis.push(api);
  return api;
}

async function ask(bytes: string): Promise<readonly [status: number, body: Record<string, unknown>]> {
  return readAnswer(await rawConnection({ path: socketPath }, bytes).received);
}

describe('the API', () => {
  test('answers an action with its result as JSON', async () => {
    await start();
    const text = await rawConnection({ path: socketPath }, post('/actions/DescribeCacheClusters', '{}')).received;
    expect(text).toMatch(/content-type: application\/json\r\n/i);
    expect(readAnswer(text)).toEqual([200, { CacheClusters: [] }]);
  });

  test('answers several requests on one connection, in their order', async () => {
    await start();
    const open = post('/actions/DescribePool', '{}').replace('connection: close', 'connection: keep-alive');
    const last = post('/actions/NoSuchAction', '{}');
    const text = await rawConnection({ path: socketPath }, open + open + last).received;
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  test.each([
    [PoolErrorCode.NOT_FOUND, 404],
    [PoolErrorCode.NODE_NOT_FOUND, 404],
    [PoolErrorCode.ALREADY_EXISTS, 400],
    [PoolErrorCode.INVALID_STATE, 400],
    [PoolErrorCode.INSUFFICIENT_CAPACITY, 400],
    [PoolErrorCode.UNAVAILABLE, 503],
  ])('tells the refusal %s with status %i', async (code, status) => {
    await start();
    requests.failure = new PoolError(code, 'because');
    await expect(ask(post('/actions/DescribeCacheClusters', '{}'))).resolves.toEqual([
      status,
      { code, message: 'because' },
    ]);
    expect(failures).toEqual([]);
  });

  test('keeps to itself, and hands to the log, what nobody foresaw', async () => {
    await start();
    requests.failure = new TypeError('secret 4711 is not a function');
    const [status, body] = await ask(post('/actions/DescribeCacheClusters', '{}'));
    expect([status, body.code]).toEqual([500, 'InternalFailure']);
    expect(body.message).not.toMatch(/4711/);
    expect(failures).toEqual([requests.failure]);
  });

  test.each([
    ['another path', post('/', '{}'), 404, 'InvalidAction'],
    ['another action', post('/actions/Nothing', '{}'), 400, 'InvalidAction'],
    ['an action called like a member of every object', post('/actions/constructor', '{}'), 400, 'InvalidAction'],
    ['another method', post('/actions/DescribePool', '').replace('POST', 'GET'), 405, 'InvalidParameterValue'],
    ['no content type', post('/actions/DescribePool', '{}', []), 415, 'InvalidParameterValue'],
    ['a form', post('/actions/DescribePool', 'a=b', ['content-type: text/plain']), 415, 'InvalidParameterValue'],
    [
      'a web page',
      post('/actions/DescribePool', '{}', ['content-type: application/json', 'origin: http://example.com']),
      403,
      'NotAuthorized',
    ],
    ['no JSON', post('/actions/DescribePool', '{"a":'), 400, 'InvalidParameterValue'],
    ['nothing', post('/actions/DescribePool', ''), 400, 'InvalidParameterValue'],
    ['JSON of another kind', post('/actions/DescribePool', '[]'), 400, 'InvalidParameterValue'],
  ])('refuses %s', async (_, bytes, status, code) => {
    await start();
    const [gotStatus, body] = await ask(bytes);
    expect([gotStatus, body.code]).toEqual([status, code]);
    expect(failures).toEqual([]);
  });

  test('refuses bytes that are not UTF-8', async () => {
    await start();
    const { socket, received } = rawConnection({ path: socketPath }, '');
    socket.write(Buffer.from(post('/actions/DescribePool', '{"ab":1}').replace('ab', '\xff\xfe'), 'latin1'));
    const [status, body] = readAnswer(await received);
    expect([status, body.message]).toEqual([400, 'The request is not JSON: it is not UTF-8']);
  });

  test('reads no more than its bound of a body, and says so', async () => {
    await start({ limits: { bodyBytesMax: 1000 } });
    await expect(ask(post('/actions/DescribePool', `{"a":"${'x'.repeat(992)}"}`))).resolves.toMatchObject([400, {}]);
    const [status, body] = await ask(post('/actions/DescribePool', `{"a":"${'x'.repeat(9000)}"}`));
    expect([status, body.message]).toEqual([413, 'A request of more than 1000 bytes is not read']);
  });

  test('cuts a body without end, long before its time is over', async () => {
    await start({ limits: { bodyBytesMax: 1000, receiveTimeoutMs: 120_000 } });
    const head = post('/actions/DescribePool', '').replace('content-length: 0', 'transfer-encoding: chunked');
    const { socket, received } = rawConnection({ path: socketPath }, head);
    const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
    const flood = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', flood);
    flood();
    await received;
    expect(requests.calls).toEqual([]);
  });

  test('cuts a client that sends its request drop by drop, in its body or before', async () => {
    await start({ limits: { receiveTimeoutMs: 300 } });
    const whole = post('/actions/DescribePool', ' '.repeat(10_000));
    for (const beginning of [whole.slice(0, -9_000), 'POST /actions/DescribePool HTTP/1.1\r\nx-slow: ']) {
      const { socket, received } = rawConnection({ path: socketPath }, beginning);
      const drops = setInterval(() => socket.write(' '), 50);
      await received.finally(() => clearInterval(drops));
    }
    expect([requests.calls, failures]).toEqual([[], []]);
  });

  test('works on a bounded number of requests at one time', async () => {
    await start({ limits: { maxRequests: 1 } });
    const release = requests.hold();
    const first = ask(post('/actions/DescribeCacheClusters', '{}'));
    await called(1);
    const [status, body] = await ask(post('/actions/DescribePool', '{}'));
    expect([status, body.code]).toEqual([503, 'ServiceUnavailable']);
    release();
    await expect(first).resolves.toMatchObject([200, {}]);
    await expect(ask(post('/actions/DescribePool', '{}'))).resolves.toMatchObject([200, {}]);
  });

  test('answers within its bound what takes longer', async () => {
    await start({ limits: { answerTimeoutMs: 100 } });
    const release = requests.hold();
    const [status, body] = await ask(post('/actions/DescribeCacheClusters', '{}'));
    expect([status, body.code]).toEqual([503, 'ServiceUnavailable']);
    release();
  });

  test('survives clients that go away before their answer', async () => {
    await start();
    const release = requests.hold();
    for (const bytes of [
      post('/actions/DescribeCacheClusters', '{}'),
      post('/actions/DescribePool', '{}').slice(0, -1),
    ]) {
      const { socket, received } = rawConnection({ path: socketPath }, bytes);
      await once(socket, 'connect');
      socket.destroy();
      await received;
    }
    release();
    await expect(ask(post('/actions/DescribePool', '{}'))).resolves.toMatchObject([200, {}]);
    expect(failures).toEqual([]);
  });

  test('answers what is at work before it closes, and leaves no file', async () => {
    const api = await start();
    const release = requests.hold();
    const answer = ask(post('/actions/DescribeCacheClusters', '{}'));
    await called(1);
    const closed = Promise.all([api.close(), api.close()]);
    release();
    await expect(answer).resolves.toMatchObject([200, {}]);
    await closed;
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Resolves when the pool was asked as often as this. */
async function called(times: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (requests.calls.length < times && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  expect(requests.calls.length).toBe(times);
}

describe('the socket file', () => {
  test('belongs to its user alone', async () => {
    const maskBefore = process.umask();
    await start();
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(maskBefore);
  });

  test('of a daemon that was killed is replaced', async () => {
    const child = fork(STALE_SOCKET, [socketPath]);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await stat(socketPath)).isSocket()).toBe(true);
    await start();
    await expect(ask(post('/actions/DescribePool', '{}'))).resolves.toMatchObject([200, {}]);
  });

  test('of a living daemon stays, and the second daemon is told', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({
      code: ListenErrorCode.IN_USE,
      message: `Cannot listen on ${socketPath}: a pool daemon answers there already`,
    });
    await expect(ask(post('/actions/DescribePool', '{}'))).resolves.toMatchObject([200, {}]);
  });

  test('of a program that accepts but says nothing stays as well', async () => {
    const silent: Server = createServer().listen(socketPath);
    await once(silent, 'listening');
    await expect(start()).rejects.toMatchObject({ code: ListenErrorCode.IN_USE });
    silent.close();
  });

  test('is not made over a file of another kind', async () => {
    await writeFile(socketPath, 'precious');
    await expect(start()).rejects.toMatchObject({
      code: ListenErrorCode.REFUSED,
      message: `Cannot listen on ${socketPath}: there is a file that is not a socket`,
    });
    expect((await stat(socketPath)).size).toBe(8);
  });

  test('needs a folder that exists and a path that fits', async () => {
    await expect(start({ socketPath: join(folder, 'none', 'pool.sock') })).rejects.toMatchObject({
      message: expect.stringMatching(/pool.sock: there is no such directory$/),
    });
    await expect(start({ socketPath: join(folder, 'x'.repeat(100)) })).rejects.toMatchObject({
      message: expect.stringMatching(/: a path of more than 103 bytes is too long for a socket$/),
    });
  });
});
