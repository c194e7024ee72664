/** A node's life in a cluster, against a pool that answers as each test wants it to. */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ADMISSION, FakePool } from '../testing/fake-pool.js';
import { Member, type MemberOptions } from './member.js';

const LIMITS = { deadlineMs: 30_000, firstPauseMs: 10, longestPauseMs: 40 };
const POLL_MS = 5;

let pool: FakePool;
const members: Member[] = [];
const secrets: string[] = [];
const lines: { level: number; msg: string; reason?: string; node?: string }[] = [];

beforeEach(async () => {
  pool = await new FakePool().start();
});

afterEach(async () => {
  for (const member of members.splice(0)) {
    member.stop();
    while (member.state !== 'gone' && member.state !== 'joining') await pause(POLL_MS);
  }
  await pool.stop();
  secrets.length = 0;
  lines.length = 0;
});

function start(options: Partial<MemberOptions> = {}): Member {
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const member = new Member({
    pool: [pool.address],
    clusterId: 'dev',
    token: 'secret-token',
    advertise: [],
    port: 11_211,
    log,
    onSecret: (secret) => secrets.push(secret),
    limits: LIMITS,
    ...options,
  });
  members.push(member);
  member.start();
  return member;
}

async function untilState(member: Member, state: Member['state']): Promise<void> {
  while (member.state !== state) await pause(POLL_MS);
}

async function untilLine(text: string): Promise<void> {
  while (!lines.some(({ msg }) => msg === text)) await pause(POLL_MS);
}

const texts = () => lines.map(({ msg }) => msg);

test('it registers with its token, name, address and instance, takes the secret, and is heard of from then on', async () => {
  const member = start();
  const { body, authorization } = await pool.asked('register');
  expect(authorization).toBe('Bearer secret-token');
  expect(body).toEqual({
    clusterId: 'dev',
    instanceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    address: {
      hostname: hostname()
        .toLowerCase()
        .replaceAll(/[^a-z0-9.-]/g, '-'),
      ip: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      port: 11_211,
    },
    listenerAddresses: {},
  });
  await untilState(member, 'member');
  expect(secrets).toEqual([ADMISSION.secret]);
  const heartbeat = await pool.asked('heartbeat', 2);
  expect(heartbeat.body).toEqual({ clusterId: 'dev', nodeId: '0001', instanceId: body.instanceId });
  expect(lines).toMatchObject([{ level: 30, msg: 'Joined the cluster', node: '0001' }]);
});

test('every start of it is another instance', async () => {
  start();
  start();
  await pool.asked('register', 2);
  expect(new Set(pool.requests.map(({ body }) => body.instanceId)).size).toBe(2);
});

test('it says where its listeners are reached', async () => {
  start({ advertise: ['127.0.0.9:5', '11311=127.0.0.8:6', '11411=localhost:7'] });
  expect((await pool.asked('register')).body).toMatchObject({
    address: { hostname: '127.0.0.9', ip: '127.0.0.9', port: 5 },
    listenerAddresses: {
      11311: { hostname: '127.0.0.8', ip: '127.0.0.8', port: 6 },
      11411: { hostname: 'localhost', ip: '127.0.0.1', port: 7 },
    },
  });
});

test('without a token it sends none', async () => {
  start({ token: null });
  expect((await pool.asked('register')).authorization).toBeUndefined();
});

test('a pool that is not there yet is asked until it is, with one line of the log', async () => {
  await pool.stop();
  const member = start();
  await untilLine('Cannot register with the pool');
  await pause(200);
  await pool.start();
  await untilState(member, 'member');
  expect(texts()).toEqual(['Cannot register with the pool', 'Joined the cluster']);
  expect(lines[0].reason).toContain('ECONNREFUSED');
});

test('a refusal is told, each new reason once, and the pool is asked again', async () => {
  pool.answers.register = { status: 401, body: { code: 'NotAuthorized', message: 'the token is wrong' } };
  const member = start();
  await pool.asked('register', 3);
  pool.answers.register = { status: 404, body: { code: 'CacheClusterNotFound', message: 'no cluster dev' } };
  await pool.asked('register', 6);
  pool.answers.register = { status: 200, body: ADMISSION };
  await untilState(member, 'member');
  expect(lines.map(({ reason = '' }) => reason)).toEqual([
    'NotAuthorized: the token is wrong',
    'CacheClusterNotFound: no cluster dev',
    '',
  ]);
});

test('reasons that take turns are told once each', async () => {
  let turn = 0;
  pool.answers.register = (response) => {
    const code = turn++ % 2 === 0 ? 'ServiceUnavailable' : 'InternalFailure';
    response.writeHead(503).end(JSON.stringify({ code, message: 'later' }));
  };
  start();
  await pool.asked('register', 8);
  expect(lines.map(({ reason }) => reason)).toEqual(['ServiceUnavailable: later', 'InternalFailure: later']);
});

test('a pool that goes away and comes back finds it where it was, without another registration', async () => {
  const member = start();
  await pool.asked('heartbeat');
  await pool.stop();
  await untilState(member, 'unheard');
  await pause(100);
  await pool.start();
  await untilState(member, 'member');
  expect(pool.count('register')).toBe(1);
  expect(texts()).toEqual(['Joined the cluster', 'The pool does not answer', 'The pool answers again']);
});

test('a pool that has forgotten it gets a registration, and its new secret counts', async () => {
  const member = start();
  const first = await pool.asked('register');
  pool.answers.register = { status: 200, body: { ...ADMISSION, nodeId: '0004', secret: 'c'.repeat(32) } };
  pool.answers.heartbeat = (response) => {
    pool.answers.heartbeat = { status: 200, body: {} };
    response.writeHead(404).end('{"code":"CacheNodeNotFound","message":"no node 0001"}');
  };
  const again = await pool.asked('register', 2);
  expect(again.body.instanceId).toBe(first.body.instanceId);
  await untilState(member, 'member');
  expect(secrets).toEqual([ADMISSION.secret, 'c'.repeat(32)]);
  expect(texts()).toEqual(['Joined the cluster', 'The pool does not know this node', 'Joined the cluster']);
});

test('with several pools it asks the next one when the first does not answer', async () => {
  const other = await new FakePool().start();
  try {
    const member = start({ pool: [pool.address, other.address] });
    await pool.asked('heartbeat');
    await pool.stop();
    await other.asked('heartbeat', 2);
    expect(member.state).toBe('member');
  } finally {
    members[0].stop();
    await other.stop();
  }
});

test('to leave is to tell the pool first and to serve on for as long as it says', async () => {
  const member = start();
  await untilState(member, 'member');
  let toldAtMs = 0;
  pool.answers.leave = (response) => {
    toldAtMs = performance.now();
    response.writeHead(200).end('{"drainMs":150}');
  };
  await member.leave();
  // Timers may fire a millisecond early.
  expect(performance.now() - toldAtMs).toBeGreaterThan(145);
  expect(pool.count('leave')).toBe(1);
  expect(texts()).toEqual(['Joined the cluster', 'Leaving the cluster', 'Left the cluster']);
});

test('to leave it does not wait for its next heartbeat', async () => {
  pool.answers.register = { status: 200, body: { ...ADMISSION, heartbeatMs: 60_000 } };
  pool.answers.leave = { status: 200, body: { drainMs: 0 } };
  const member = start();
  await untilState(member, 'member');
  await member.leave();
  expect(pool.count('leave')).toBe(1);
});

test('a pool that has forgotten it is told once that it leaves', async () => {
  pool.answers.leave = { status: 404, body: { code: 'CacheNodeNotFound', message: 'no node 0001' } };
  const member = start();
  await untilState(member, 'member');
  await member.leave();
  expect(pool.count('leave')).toBe(1);
  expect(texts()).toEqual(['Joined the cluster', 'Leaving the cluster', 'Left the cluster']);
});

test('a second call to leave waits for the same end', async () => {
  const member = start();
  await untilState(member, 'member');
  await Promise.all([member.leave(), member.leave()]);
  expect(pool.count('leave')).toBe(1);
  expect(member.state).toBe('gone');
});

test('a pool that cannot be told is asked until the drain is over', async () => {
  const member = start();
  await untilState(member, 'member');
  await pool.stop();
  await member.leave();
  expect(texts().filter((text) => text === 'Cannot tell the pool that this node leaves')).toHaveLength(1);
  expect(texts().at(-1)).toBe('Left the cluster');
});

test('a pool that comes back in time is told', async () => {
  const member = start();
  await untilState(member, 'member');
  await pool.stop();
  const leaving = member.leave();
  await untilLine('Cannot tell the pool that this node leaves');
  await pool.start();
  await pool.asked('leave');
  await leaving;
});

test('who never joined leaves at once', async () => {
  await pool.stop();
  const member = start();
  await untilLine('Cannot register with the pool');
  await member.leave();
  expect(member.state).toBe('gone');
});

test('who is asked to leave while it registers leaves when it has', async () => {
  let admit = () => {};
  pool.answers.register = (response) => {
    admit = () => response.writeHead(200).end(JSON.stringify({ ...ADMISSION, drainMs: 0 }));
  };
  pool.answers.leave = { status: 200, body: { drainMs: 0 } };
  const member = start();
  await pool.asked('register');
  const leaving = member.leave();
  admit();
  await leaving;
  expect(pool.count('leave')).toBe(1);
});

test('stop ends everything now: a request under way, a pause, and a drain', async () => {
  pool.answers.leave = { status: 200, body: { drainMs: 3_600_000 } };
  pool.answers.register = { status: 200, body: { ...ADMISSION, drainMs: 3_600_000 } };
  const member = start();
  await untilState(member, 'member');
  const leaving = member.leave();
  await pool.asked('leave');
  member.stop();
  await leaving;
  pool.answers.register = () => {};
  const other = start({ limits: { ...LIMITS, deadlineMs: 3_600_000 } });
  await pool.asked('register', 2);
  const left = other.leave();
  other.stop();
  await left;
});

test.each<[string, FakePool['answers'][string], string]>([
  ['says nothing', () => {}, 'no answer in time'],
  [
    'stops in the middle of its answer',
    (response) => void response.writeHead(200).write('{"nodeId"'),
    'no whole answer',
  ],
  ['hangs up', (response) => void response.destroy(), 'ECONNRESET'],
  ['answers no JSON', (response) => void response.writeHead(200).end('<html>'), 'not that of a Shoal pool'],
  ['answers a word', { status: 200, body: 'yes' }, 'not that of a Shoal pool'],
  ['answers too much', (response) => void response.writeHead(200).end('x'.repeat(100_000)), 'not that of a Shoal pool'],
  ['leaves the secret out', { status: 200, body: { ...ADMISSION, secret: 'x' } }, 'not that of a Shoal pool'],
  ['names an odd pause', { status: 200, body: { ...ADMISSION, heartbeatMs: 0 } }, 'not that of a Shoal pool'],
  ['has an error of its own', { status: 500, body: {} }, '500: no reason given'],
  ['sends it elsewhere', { status: 302, body: {} }, 'not that of a Shoal pool'],
])('a pool that %s is asked again', async (_, answer, reason) => {
  pool.answers.register = answer;
  const member = start({ limits: { ...LIMITS, deadlineMs: 1500 } });
  await untilLine('Cannot register with the pool');
  expect(lines[0].reason).toContain(reason);
  expect(JSON.stringify(lines)).not.toContain('secret-token');
  pool.answers.register = { status: 200, body: ADMISSION };
  await untilState(member, 'member');
});

test('a listener whose address nobody can resolve keeps it from registering, and the log says why', async () => {
  start({ advertise: ['11311=no-such-host.invalid:5'] });
  await untilLine('Cannot register with the pool');
  expect(lines[0].reason).toContain('no-such-host.invalid');
  expect(pool.count('register')).toBe(0);
});
