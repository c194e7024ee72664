/*
 * `node scripts/compose-test.js`: builds what is missing, then tests image, compose file and docker driver with a real Docker
 * engine: one that runs, or one of its own as root (Debian: docker.io docker-compose debootstrap). Not part of `npm test`.
 * Arguments go on to packages/e2e/src/compose/main.ts; its last line tells how many checks passed, failed and were skipped.
 */
import { build, node } from './tool-chain.js';

await build('packages/e2e');
await node('packages/e2e/dist/compose/main.js', ...process.argv.slice(2));
