import { expect, test } from '@jest/globals';
import { MaintenancePace } from './maintenance-pace.js';

const AT_REST_MS = 1000;

/** When steps are made by a thread that wakes every second and when a step is due, each step asking for `askedMs`. */
function stepTimes(untilMs: number, askedMs: number, received: (nowMs: number) => number): number[] {
  const pace = new MaintenancePace();
  const times: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; ) {
    if (pace.isDue(nowMs, { receivedBytes: received(nowMs), rung: 0 })) {
      times.push(nowMs);
      pace.noteStep(nowMs, askedMs);
    }
    nowMs += Math.min(pace.untilNextMs(nowMs), 1000 - (nowMs % 1000));
  }
  return times;
}

test('a server that serves gets a step a second at least', () => {
  expect(stepTimes(5000, AT_REST_MS, (nowMs) => nowMs)).toEqual([0, 1000, 2000, 3000, 4000]);
});

test('a step that is due sooner is made then, whether anybody is served or not', () => {
  expect(stepTimes(20, 4, () => 0)).toEqual([0, 4, 8, 12, 16]);
});

test('a server that nobody talks to gets its steps ever more seldom, but one in ten seconds', () => {
  const times = stepTimes(100_000, AT_REST_MS, () => 0);
  const pauses = times.slice(1).map((time, i) => time - times[i]);
  expect(pauses.slice(0, 3)).toEqual([1000, 1000, 1000]);
  expect(pauses).toEqual([...pauses].sort((one, other) => one - other));
  expect(Math.max(...pauses)).toBe(10_000);
  expect(times.length).toBeLessThan(20);
});

test('a byte received or an alarm brings the usual pace back', () => {
  const pace = new MaintenancePace();
  const quiet = { receivedBytes: 5, rung: 1 };
  expect(pace.isDue(0, quiet)).toBe(true);
  pace.noteStep(60_000, AT_REST_MS);
  expect(pace.untilNextMs(60_000)).toBe(10_000);
  expect(pace.isDue(61_000, quiet)).toBe(false);
  expect(pace.isDue(61_000, { ...quiet, receivedBytes: 6 })).toBe(true);
  pace.noteStep(61_000, AT_REST_MS);
  expect(pace.untilNextMs(61_000)).toBe(AT_REST_MS);
  expect(pace.isDue(61_500, { receivedBytes: 6, rung: 2 })).toBe(true);
});
