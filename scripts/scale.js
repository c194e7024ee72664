/*
 * `npm run scale`: a cluster from 1 to 40 nodes and back under load; what moved, and whether a request failed.
 * Arguments go on to packages/e2e/src/scaling/main.ts.
 */
import { build, node } from './tool-chain.js';

await build('packages/e2e');
await node('packages/e2e/dist/scaling/main.js', ...process.argv.slice(2));
