/*
 * `pnpm bench`: installs and builds what is missing, then measures Shoal against memcached.
 * Arguments go on to the benchmark (bench/src/main.ts), which explains them with --help.
 */
import { build, node } from './tool-chain.js';

await build('bench');
await node('bench/dist/main.js', ...process.argv.slice(2));
