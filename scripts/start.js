/*
 * `npm start`, the first of the two README commands: installs, builds and becomes a cache node on port 11211.
 * Arguments go on to `shoal server` (npm start -- -p 22122). The server runs in this very process,
 * so Ctrl-C and SIGTERM reach it with nothing in between.
 */
import { fileURLToPath } from 'node:url';
import { build } from './tool-chain.js';

const SHOAL = new URL('../packages/cli/bin/shoal.js', import.meta.url);

await build('packages/cli');
process.argv.splice(1, 1, fileURLToPath(SHOAL), 'server');
await import(SHOAL.href);
