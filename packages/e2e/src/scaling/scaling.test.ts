/** The walk of `npm run scale`, in bigger steps and with fewer keys. */
import { expect, test } from '@jest/globals';
import { problemsOf, walk } from './walk.js';

const SEED = Number(process.env.SHOAL_SEED ?? Date.now() % 1_000_000);

test(`no request fails while a cluster goes 1 → 2 → 4 → 8 → 3 → 1, and only keys with another owner move (seed ${SEED})`, async () => {
  const lines: string[] = [];
  const options = { sizes: [1, 2, 4, 8, 3, 1], keyCount: 4_000, seed: SEED, say: (line: string) => lines.push(line) };
  const walked = await walk(options);
  expect([...problemsOf(walked), ...lines.filter((line) => !line.includes(' 0 requests failed'))]).toEqual([]);
  expect(walked.steps).toHaveLength(5);
  expect(walked.listsFollowed).toBeGreaterThanOrEqual(6);
}, 240_000);
