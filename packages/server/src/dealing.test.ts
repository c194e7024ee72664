import { expect, test } from '@jest/globals';
import { Dealing, shareDealing } from './dealing.js';

test('each worker takes its own connections, oldest first, and once', () => {
  const dealing = new Dealing(shareDealing({ workers: 2, rows: 8 }));
  for (const [worker, row] of [
    [0, 3],
    [1, 0],
    [0, 1],
    [0, 7],
  ] as const)
    dealing.deal(worker, row);
  expect(dealing.take(0)).toEqual([3, 1, 7]);
  expect(dealing.take(0)).toEqual([]);
  expect(dealing.take(1)).toEqual([0]);
});

test('a row can be dealt again after it was taken', () => {
  const dealing = new Dealing(shareDealing({ workers: 1, rows: 2 }));
  dealing.deal(0, 1);
  dealing.take(0);
  dealing.deal(0, 0);
  dealing.deal(0, 1);
  expect(dealing.take(0)).toEqual([0, 1]);
});
