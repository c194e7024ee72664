import { describe, expect, test } from '@jest/globals';
import { type ClassSnapshot, isFilled, isUrgent, type PageMove, PagePolicy } from './page-policy.js';

const WINDOW = 5;
const RATIO = 0.8;

function quiet(change: Partial<ClassSnapshot> = {}): ClassSnapshot {
  return { evicted: 0, outOfMemory: 0, ageSeconds: 0, freeChunks: 0, chunksPerPage: 10, pages: 5, ...change };
}

/** What happens to one class each second, given its snapshot of the second before. */
type Course = (before: ClassSnapshot, second: number) => Partial<ClassSnapshot>;

/** The first move that the policy decides on within `seconds`, and when; class n follows courses[n - 1]. */
function firstMove(courses: readonly Course[], { seconds = 30, isFull = true } = {}): [number, PageMove] | null {
  let classes = [quiet({ pages: 0 }), ...courses.map(() => quiet())];
  const policy = new PagePolicy(WINDOW, RATIO, classes);
  for (let second = 1; second <= seconds; second++) {
    const before = classes;
    classes = before.map((snapshot, id) =>
      id === 0 ? snapshot : { ...snapshot, ...courses[id - 1](snapshot, second) },
    );
    const move = policy.decide(classes, isFull);
    if (move !== null) return [second, move];
  }
  return null;
}

const idle: Course = () => ({});
const old: Course = () => ({ ageSeconds: 1000 });
const middling: Course = () => ({ ageSeconds: 700 });
const evicting: Course = (before) => ({ ageSeconds: 100, evicted: before.evicted + 10 });
const free =
  (chunks: number): Course =>
  () => ({ freeChunks: chunks });

describe('a class with much free memory gives a page to the pool', () => {
  test.each<[string, Course[], object, [number, PageMove] | null]>([
    ['when it was quiet for a window', [free(26)], {}, [1, { source: 1, destination: 0 }]],
    ['only above two and a half pages', [free(25)], {}, null],
    ['only when all memory is taken', [free(26)], { isFull: false }, null],
    [
      'not within a window of an eviction',
      [(before, second) => ({ freeChunks: 26, evicted: before.evicted + Number(second === 1) })],
      {},
      [1 + WINDOW, { source: 1, destination: 0 }],
    ],
    [
      'not within a window of a refusal',
      [(before, second) => ({ freeChunks: 26, outOfMemory: before.outOfMemory + Number(second === 1) })],
      {},
      [1 + WINDOW, { source: 1, destination: 0 }],
    ],
    [
      'not within a window of getting a page',
      [(before, second) => ({ freeChunks: 26, pages: before.pages + Number(second === 1) })],
      {},
      [1 + WINDOW, { source: 1, destination: 0 }],
    ],
    [
      'also right after it gave another',
      [(before, second) => ({ freeChunks: 26, pages: before.pages - Number(second === 1) })],
      {},
      [1, { source: 1, destination: 0 }],
    ],
    ['before an imbalance is looked at', [old, evicting, free(26)], {}, [1, { source: 3, destination: 0 }]],
  ])('%s', (_, courses, options, expected) => {
    expect(firstMove(courses, options)).toEqual(expected);
  });
});

describe('a class whose items die young gets a page of the class with the oldest', () => {
  test.each<[string, Course[], [number, PageMove] | null]>([
    ['once a window has passed', [old, evicting], [WINDOW + 1, { source: 1, destination: 2 }]],
    ['whichever comes first', [evicting, old], [WINDOW + 1, { source: 2, destination: 1 }]],
    ['the oldest of several', [middling, old, evicting], [WINDOW + 1, { source: 2, destination: 3 }]],
    [
      'for the youngest of several in need',
      [(before) => ({ ageSeconds: 300, evicted: before.evicted + 10 }), old, evicting],
      [WINDOW + 1, { source: 2, destination: 3 }],
    ],
    ['not when nobody evicts', [old, idle], null],
    [
      'not when the ages differ by less than the ratio',
      [old, (before) => ({ ageSeconds: 800, evicted: before.evicted + 10 })],
      null,
    ],
    [
      'when the ages differ by a little more than the ratio',
      [old, (before) => ({ ageSeconds: 799, evicted: before.evicted + 10 })],
      [WINDOW + 1, { source: 1, destination: 2 }],
    ],
    ['not from a class of two pages', [() => ({ ageSeconds: 1000, pages: 2 }), evicting], null],
    [
      'not when it did not evict just now',
      [old, (before, second) => ({ ageSeconds: 100, evicted: before.evicted + 10 * Number(second <= WINDOW) })],
      null,
    ],
    [
      'not when few seconds of the window saw its evictions and they were few of all',
      [
        old,
        (before, second) => ({ ageSeconds: 100, evicted: before.evicted + Number(second % 3 === 0) }),
        (before) => ({ ageSeconds: 990, evicted: before.evicted + 100 }),
      ],
      null,
    ],
    [
      'when few seconds of the window saw its evictions but they were many of all',
      [old, (before, second) => ({ ageSeconds: 100, evicted: before.evicted + 10 * Number(second % 3 === 0) })],
      [WINDOW + 1, { source: 1, destination: 2 }],
    ],
  ])('%s', (_, courses, expected) => {
    expect(firstMove(courses)).toEqual(expected);
  });

  test('also when memory is not full', () => {
    expect(firstMove([old, evicting], { isFull: false })).toEqual([WINDOW + 1, { source: 1, destination: 2 }]);
  });

  test('again in every second that it evicts', () => {
    let classes = [quiet(), quiet({ ageSeconds: 1000 }), quiet({ ageSeconds: 1 })];
    const policy = new PagePolicy(WINDOW, RATIO, classes);
    const moves = [];
    for (let second = 1; second <= 10; second++) {
      classes = [quiet(), quiet({ ageSeconds: 1000 }), quiet({ ageSeconds: 1, evicted: second })];
      moves.push(policy.decide(classes, true));
    }
    expect(moves.filter((move) => move !== null)).toHaveLength(10 - WINDOW);
  });
});

test('what was counted before the policy began does not matter', () => {
  const policy = new PagePolicy(1, RATIO, [quiet(), quiet({ evicted: 1000, pages: 9, freeChunks: 100 })]);
  expect(policy.decide([quiet(), quiet({ evicted: 1000, pages: 9, freeChunks: 100 })], true)).toEqual({
    source: 1,
    destination: 0,
  });
});

describe('a move is urgent', () => {
  test.each([
    ['when the oldest items of one class are twice as old', 20, 9, 3, true],
    ['not when they are less', 20, 10, 3, false],
    ['not when the ages are a second or none', 1, 0, 3, false],
    ['not when the source would keep too few pages', 1000, 1, 2, false],
  ])('%s', (_, oldSeconds, youngSeconds, pages, isIt) => {
    expect(isUrgent(quiet({ ageSeconds: oldSeconds, pages }), quiet({ ageSeconds: youngSeconds }))).toBe(isIt);
  });

  test('and waits until an eighth of the last page is left', () => {
    expect(isFilled(quiet({ freeChunks: 10, chunksPerPage: 80 }))).toBe(true);
    expect(isFilled(quiet({ freeChunks: 11, chunksPerPage: 80 }))).toBe(false);
    expect(isFilled(quiet({ freeChunks: 0, chunksPerPage: 1 }))).toBe(true);
  });
});
