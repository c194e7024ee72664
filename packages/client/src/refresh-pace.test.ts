import { expect, test } from '@jest/globals';
import { RefreshPace } from './refresh-pace.js';

/** When questions end if there is trouble all the time and each takes no time. */
function endsOf(
  pace: RefreshPace,
  { untilMs, random, hasNews }: { untilMs: number; random: number; hasNews: boolean },
) {
  const ends: number[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 50) {
    if (!pace.isDue(nowMs)) continue;
    pace.noteEnd(nowMs, hasNews, random);
    ends.push(nowMs);
  }
  return ends;
}

test('asks at once at the first trouble, and twice as late each time that there is no news', () => {
  const ends = endsOf(new RefreshPace(), { untilMs: 20_000, random: 0, hasNews: false });
  expect(ends).toEqual([0, 100, 300, 700, 1500, 3100, 6300, 11_300, 16_300]);
});

test('asks every tenth of a second while there is news', () => {
  expect(endsOf(new RefreshPace(), { untilMs: 500, random: 0, hasNews: true })).toEqual([0, 100, 200, 300, 400, 500]);
});

test('is quick again after news, and after a minute without trouble', () => {
  const pace = new RefreshPace();
  endsOf(pace, { untilMs: 20_000, random: 0, hasNews: false });
  pace.noteEnd(22_000, true, 0);
  expect([pace.isDue(22_099), pace.isDue(22_100)]).toEqual([false, true]);
  endsOf(pace, { untilMs: 50_000, random: 0, hasNews: false });
  pace.noteEnd(120_000, false, 0);
  expect([pace.isDue(120_099), pace.isDue(120_100)]).toEqual([false, true]);
});

test('chance takes up to a quarter off a pause, so that clients with one trouble drift apart', () => {
  const ends = endsOf(new RefreshPace(), { untilMs: 100_000, random: 1, hasNews: false });
  expect(ends.at(-1)! - ends.at(-2)!).toBe(3750);
});
