/*
 * `npm test`, the second of the two README commands: installs, builds, lints and runs every test.
 * Arguments go on to jest (npm test -- session). A failing step ends the run with its exit code.
 */
import { buildAll, jest, lint } from './tool-chain.js';

await buildAll();
await lint();
await jest(process.argv.slice(2));
