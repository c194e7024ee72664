import { describe, expect, test } from '@jest/globals';
import { AutoCrawl } from './auto-crawl.js';
import type { CrawlFindings } from './crawler.js';
import { CLASSES_MAX } from './layout.js';

const ID = 5;
const MINUTE = 60;

/** What a walk found in one class: `expiring` items that go within the given minute. */
function found(change: Partial<CrawlFindings>, minute = 0, expiring = 0): CrawlFindings[] {
  const findings = Array.from({ length: CLASSES_MAX }, () => ({
    seen: 0,
    withoutExpiry: 0,
    reclaimed: 0,
    lifetimes: new Array<number>(60).fill(0),
  }));
  Object.assign(findings[ID], change);
  findings[ID].lifetimes[minute] = expiring;
  return findings;
}

/** How long the class waits after each of a series of walks. */
function waits(walks: readonly CrawlFindings[][]): number[] {
  const autoCrawl = new AutoCrawl();
  return walks.map((findings, round) => {
    const now = (round + 1) * 100_000;
    autoCrawl.learn(findings, now);
    let wait = 0;
    while (!autoCrawl.takeDue(now + wait)[ID]) wait++;
    return wait;
  });
}

test('all classes but the pool are due at first, and again after five seconds while nothing is learnt', () => {
  const autoCrawl = new AutoCrawl();
  expect(autoCrawl.takeDue(1).filter(Boolean)).toHaveLength(CLASSES_MAX - 1);
  expect(autoCrawl.takeDue(1)).not.toContain(true);
  expect(autoCrawl.takeDue(6)).not.toContain(true);
  expect(autoCrawl.takeDue(7)[ID]).toBe(true);
  expect(autoCrawl.takeDue(13)[0]).toBe(false);
});

describe('a class waits', () => {
  test('a minute longer each time nothing in it expires, up to an hour', () => {
    const nothing = found({ seen: 100, withoutExpiry: 100 });
    const series = waits(new Array<CrawlFindings[]>(65).fill(nothing));
    expect(series.slice(0, 3)).toEqual([MINUTE + 6, 2 * MINUTE + 6, 3 * MINUTE + 6]);
    expect(series[59]).toBe(3606);
    expect(series[64]).toBe(3606);
  });

  test('until its items tend to expire', () => {
    const inThreeMinutes = found({ seen: 100 }, 3, 50);
    expect(waits(new Array<CrawlFindings[]>(6).fill(inThreeMinutes))).toEqual([66, 126, 186, 126, 186, 126]);
  });

  test('no longer when they expire at once', () => {
    const atOnce = found({ seen: 100 }, 0, 50);
    expect(waits([atOnce, atOnce])).toEqual([6, 6]);
  });

  test('as long as before when a few expire, but not worth a walk', () => {
    const nothing = found({ seen: 100, withoutExpiry: 100 });
    const few = found({ seen: 1000 }, 0, 11);
    expect(waits([nothing, nothing, few, few])).toEqual([66, 126, 126, 126]);
  });

  test('less when more than one in a hundred of those that can expire is about to go', () => {
    const nothing = found({ seen: 100, withoutExpiry: 100 });
    const enough = found({ seen: 1000 }, 0, 12);
    const ofFewer = found({ seen: 1000, withoutExpiry: 900 }, 0, 3);
    expect(waits([nothing, nothing, enough, ofFewer])).toEqual([66, 126, 66, 6]);
  });

  test('as before when the walk saw nothing of it', () => {
    const autoCrawl = new AutoCrawl();
    autoCrawl.takeDue(1);
    autoCrawl.learn(found({}), 2);
    expect(autoCrawl.takeDue(7)[ID]).toBe(true);
  });
});
