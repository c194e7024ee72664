import { describe, expect, test } from '@jest/globals';
import { connectionPoints, KEY_COUNTS, pointGroups, VALUE_BYTES } from './points.js';

describe('the points', () => {
  test('of connections are mostly idle ones, then all of them busy', () => {
    const points = connectionPoints(10_000).map(({ busy, idle }) => [busy, idle]);
    expect(points).toEqual([
      [1, 0],
      [50, 0],
      [50, 950],
      [50, 9950],
      [1000, 0],
      [10_000, 0],
    ]);
  });

  test('of connections end where the limit of open files does', () => {
    const points = connectionPoints(700).map(({ busy, idle }) => [busy, idle]);
    expect(points).toEqual([
      [1, 0],
      [50, 0],
      [50, 650],
      [700, 0],
    ]);
  });

  test('of a group share one setup, and all that they store fits it', () => {
    for (const part of ['workers', 'connections', 'keys', 'values'] as const) {
      for (const group of pointGroups(part, 10_000)) {
        expect(new Set(group.map(({ setup }) => JSON.stringify(setup))).size).toBe(1);
        const sizes = new Map(
          group.map(({ workload, keyCount }) => [workload.valueBytes, keyCount * (workload.valueBytes + 150)]),
        );
        const bytes = [...sizes.values()].reduce((sum, each) => sum + each, 0);
        expect(bytes).toBeLessThan(group[0].setup.memoryMib * 2 ** 20 * 0.8);
      }
    }
  });

  test('reach from ten bytes to a mebibyte, and from ten thousand keys up', () => {
    expect([VALUE_BYTES[0], VALUE_BYTES.at(-1)]).toEqual([10, 2 ** 20]);
    expect(KEY_COUNTS[0]).toBe(10_000);
  });
});
