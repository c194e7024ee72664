import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { HealthTarget, NodeHealth } from './health.js';
import { HealthMonitor } from './health-monitor.js';
import type { ProbeOutcome, ProbeTarget } from './probe.js';

const INTERVAL_MS = 750;
const GOOD: ProbeOutcome = { kind: 'answered', configVersion: 3 };
const BAD: ProbeOutcome = { kind: 'failed', reason: 'the connection is refused', isSilence: false };
const SILENT: ProbeOutcome = { kind: 'failed', reason: 'no answer within 750 ms', isSilence: true };

let monitor: HealthMonitor;
let outcome: ProbeOutcome;
let asked: { port: number; atMs: number }[];
let changes: [string, NodeHealth['state'], number | null][];
/** When set, probes end only when the test ends them. */
let held: ((outcome: ProbeOutcome) => void)[] | null;

function target(number: number, port = 11_211 + number): HealthTarget {
  return { clusterId: 'dev', nodeId: String(number).padStart(4, '0'), host: '127.0.0.1', port };
}

function probe({ port }: ProbeTarget): Promise<ProbeOutcome> {
  asked.push({ port, atMs: performance.now() });
  if (held === null) return Promise.resolve(outcome);
  return new Promise((resolve) => held?.push(resolve));
}

beforeEach(() => {
  jest.useFakeTimers();
  outcome = GOOD;
  asked = [];
  changes = [];
  held = null;
  monitor = new HealthMonitor({
    probe,
    onChange: ({ nodeId }, { state, configVersion }) => changes.push([nodeId, state, configVersion]),
  });
});

afterEach(() => {
  monitor.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('nothing is known of a node before its first answer', () => {
  monitor.watch([target(1)]);
  const unknown = { state: 'unknown', failures: 0, reason: null, configVersion: null, lastAnswerAtMs: null };
  expect(monitor.of(target(1))).toEqual(unknown);
  expect(monitor.of(target(9))).toEqual(unknown);
});

test('one answer makes a node healthy, and is told once', async () => {
  monitor.watch([target(1)]);
  await advance(4 * INTERVAL_MS);
  expect(monitor.of(target(1))).toMatchObject({ state: 'healthy', failures: 0, configVersion: 3 });
  expect(changes).toEqual([['0001', 'healthy', 3]]);
});

test('another version is told', async () => {
  monitor.watch([target(1)]);
  await advance(INTERVAL_MS);
  outcome = { kind: 'answered', configVersion: 4 };
  await advance(INTERVAL_MS);
  expect(changes).toEqual([
    ['0001', 'healthy', 3],
    ['0001', 'healthy', 4],
  ]);
});

test('three failures in a row make it failing; fewer only count, with the reason', async () => {
  monitor.watch([target(1)]);
  await advance(INTERVAL_MS);
  outcome = BAD;
  await advance(2 * INTERVAL_MS);
  expect(monitor.of(target(1))).toMatchObject({ state: 'healthy', failures: 2, reason: BAD.reason });
  await advance(INTERVAL_MS);
  expect(monitor.of(target(1))).toMatchObject({ state: 'failing', failures: 3, configVersion: 3 });
  expect(changes.at(-1)).toEqual(['0001', 'failing', 3]);
});

test('an answer in between forgives', async () => {
  monitor.watch([target(1)]);
  for (const each of [BAD, BAD, GOOD, BAD, BAD]) {
    outcome = each;
    await advance(INTERVAL_MS);
  }
  expect(monitor.of(target(1))).toMatchObject({ state: 'healthy', failures: 2 });
});

test('a node with no room for a probe is healthy, and what is known of its version stays as it was', async () => {
  monitor.watch([target(1)]);
  await advance(INTERVAL_MS);
  const before = monitor.of(target(1));
  outcome = { kind: 'answered', configVersion: null };
  await advance(INTERVAL_MS);
  expect(monitor.of(target(1))).toEqual(before);
});

test('an answer is dated to when it was asked for', async () => {
  held = [];
  monitor.watch([target(1)]);
  monitor.reset(target(1));
  await advance(0);
  const askedAtMs = Date.now();
  await advance(300);
  held[0](GOOD);
  await advance(0);
  expect(monitor.of(target(1)).lastAnswerAtMs).toBe(askedAtMs);
});

describe('silence', () => {
  test('counts while this process was awake', async () => {
    outcome = SILENT;
    monitor.watch([target(1)]);
    await advance(3 * INTERVAL_MS);
    expect(monitor.of(target(1)).state).toBe('failing');
  });

  test('does not count when this process was held up meanwhile', async () => {
    held = [];
    monitor.watch([target(1)]);
    monitor.reset(target(1));
    await advance(200);
    // The clock goes on and no timer goes off: as when the process is stopped.
    jest.setSystemTime(Date.now() + 400);
    jest.spyOn(performance, 'now').mockReturnValueOnce(performance.now() + 400);
    held[0](SILENT);
    await advance(0);
    expect(monitor.of(target(1))).toMatchObject({ state: 'unknown', failures: 0 });
  });

  test('does not excuse a connection that was refused', async () => {
    held = [];
    monitor.watch([target(1)]);
    monitor.reset(target(1));
    await advance(200);
    held[0](BAD);
    await advance(0);
    expect(monitor.of(target(1)).failures).toBe(1);
  });
});

describe('probes', () => {
  test('of forty nodes are spread over the interval', async () => {
    monitor.watch(Array.from({ length: 40 }, (_, index) => target(index + 1)));
    await advance(INTERVAL_MS);
    expect(new Set(asked.map(({ port }) => port)).size).toBe(40);
    const tenths = asked.map(({ atMs }) => Math.floor((atMs - asked[0].atMs) / (INTERVAL_MS / 10)));
    for (let tenth = 0; tenth < 10; tenth++) {
      expect(tenths.filter((each) => each === tenth).length).toBeLessThanOrEqual(6);
    }
  });

  test('of one node never overlap, and there are at most 32 at once', async () => {
    held = [];
    monitor.watch(Array.from({ length: 40 }, (_, index) => target(index + 1)));
    await advance(5 * INTERVAL_MS);
    expect(asked).toHaveLength(32);
    for (const end of held.splice(0)) end(GOOD);
    await advance(0);
    expect(new Set(asked.map(({ port }) => port)).size).toBe(40);
  });

  test('keep their pace after a reset of a node that waits for its turn', async () => {
    held = [];
    const targets = Array.from({ length: 33 }, (_, index) => target(index + 1));
    monitor.watch(targets);
    await advance(2 * INTERVAL_MS);
    const waiting = targets.find(({ port }) => asked.every((each) => each.port !== port)) ?? targets[0];
    const ends = held.splice(0);
    held = null;
    monitor.reset(waiting);
    for (const end of ends) end(GOOD);
    await advance(4 * INTERVAL_MS);
    expect(asked.filter(({ port }) => port === waiting.port)).toHaveLength(5);
  });

  test('go on at their pace while a node hangs', async () => {
    held = [];
    monitor.watch([target(1)]);
    await advance(INTERVAL_MS);
    await advance(INTERVAL_MS);
    held[0](SILENT);
    await advance(0);
    expect(asked).toHaveLength(2);
  });
});

describe('watch', () => {
  test('keeps what is known of nodes that stay, and forgets those that go', async () => {
    monitor.watch([target(1), target(2)]);
    await advance(INTERVAL_MS);
    monitor.watch([target(2), target(3)]);
    expect([1, 2, 3].map((number) => monitor.of(target(number)).state)).toEqual(['unknown', 'healthy', 'unknown']);
    asked = [];
    await advance(INTERVAL_MS);
    expect(new Set(asked.map(({ port }) => port))).toEqual(new Set([11_213, 11_214]));
  });

  test('begins anew with a node whose address changed', async () => {
    monitor.watch([target(1)]);
    await advance(INTERVAL_MS);
    monitor.watch([target(1, 22_122)]);
    expect(monitor.of(target(1)).state).toBe('unknown');
    asked = [];
    await advance(INTERVAL_MS);
    expect(asked.map(({ port }) => port)).toEqual([22_122]);
  });

  test('has no use for what a probe finds of a node that is gone', async () => {
    held = [];
    monitor.watch([target(1)]);
    await advance(INTERVAL_MS);
    monitor.watch([]);
    held[0](GOOD);
    await advance(5 * INTERVAL_MS);
    expect(changes).toEqual([]);
    expect(asked).toHaveLength(1);
  });
});

describe('reset', () => {
  test('forgets, and asks at once', async () => {
    monitor.watch([target(1)]);
    await advance(INTERVAL_MS);
    outcome = BAD;
    await advance(3 * INTERVAL_MS);
    outcome = GOOD;
    asked = [];
    monitor.reset(target(1));
    expect(monitor.of(target(1)).state).toBe('unknown');
    await advance(0);
    expect(asked).toHaveLength(1);
    expect(monitor.of(target(1)).state).toBe('healthy');
    await advance(4 * INTERVAL_MS);
    expect(asked).toHaveLength(5);
  });

  test('while a probe is under way ignores what that finds, and asks when it has ended', async () => {
    held = [];
    monitor.watch([target(1)]);
    await advance(INTERVAL_MS);
    monitor.reset(target(1));
    await advance(10);
    held[0](BAD);
    await advance(0);
    expect(monitor.of(target(1)).failures).toBe(0);
    expect(asked).toHaveLength(2);
  });
});
