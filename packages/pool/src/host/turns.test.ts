import { expect, test } from '@jest/globals';
import { Turns } from './turns.js';

test('as many as are allowed go at once, the others in the order they came', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map(async (number) => {
    const end = await turns.take();
    begun.push(number);
    ends.push(end);
  });
  await Promise.all(all.slice(0, 2));
  expect(begun).toEqual([0, 1]);
  ends[1]();
  await all[2];
  expect(begun).toEqual([0, 1, 2]);
  ends[0]();
  await all[3];
  ends[2]();
  ends[3]();
  await Promise.all([turns.take(), turns.take()]);
});
