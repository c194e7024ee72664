/**
 * `npm run scale -- [--seed N] [--sizes 1,2,4,2] [--keys 20000]`: a cluster from 1 to 40 nodes and back under load, what moved, and
 * what failed; exit code 1 when something was not as it must be. The whole walk takes some minutes.
 */
import { parseArgs } from 'node:util';
import { meanRatio, problemsOf, walk } from './walk.js';

const LARGEST = 40;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    sizes: { type: 'string' },
    keys: { type: 'string', default: '20000' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const up = Array.from({ length: LARGEST }, (_, index) => index + 1);
const sizes = values.sizes === undefined ? [...up, ...up.slice(0, -1).reverse()] : values.sizes.split(',').map(Number);
const seed = Number(values.seed);
say(`${sizes.length - 1} steps under load with ${values.keys} keys, seed ${seed}`);
const walked = await walk({ sizes, keyCount: Number(values.keys), seed, say });
const problems = problemsOf(walked);
const ratios = walked.steps.filter(({ isUneven }) => !isUneven).map(({ ratio }) => ratio);
say('');
for (const [name, { requests, failed }] of Object.entries(walked.counts)) {
  say(`${name}: ${requests} requests, ${failed} failed`);
}
say(`memcached-elasticache went by ${walked.listsFollowed} lists`);
say(`moved, by what has to move: ${meanRatio(walked.steps).toFixed(3)} on average over all steps`);
say(
  `without those from or to 25 nodes: ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} in each`,
);
for (const problem of problems) say(`BROKEN (seed ${seed}): ${problem}`);
if (problems.length === 0) say('No request failed, and no key moved but those whose owner changed.');
process.exitCode = problems.length === 0 ? 0 : 1;
