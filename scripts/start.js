/*
 * `npm start`, the first of the two README commands: installs, builds and becomes `shoal up`, a cluster of three nodes
 * with its endpoint on port 11211. Arguments go on to it (npm start -- --nodes 5). It runs in this very process, so
 * Ctrl-C and SIGTERM reach it with nothing in between.
 */
import { fileURLToPath } from 'node:url';
import { build } from './tool-chain.js';

const SHOAL = new URL('../packages/cli/bin/shoal.js', import.meta.url);

await build('packages/cli');
process.argv.splice(1, 1, fileURLToPath(SHOAL), 'up');
await import(SHOAL.href);
