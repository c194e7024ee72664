/*
 * `pnpm simulate`: many nodes and many more clients in simulated time, on Shoal's own ring, plan and polling.
 * Arguments go on to bench/src/simulation/main.ts, which explains them with --help.
 */
import { build, node } from './tool-chain.js';

await build('bench');
await node('bench/dist/simulation/main.js', ...process.argv.slice(2));
