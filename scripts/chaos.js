/*
 * `npm run chaos`: harms every part of a pool under load, from a seed, and checks what must always be true.
 * Arguments go on to packages/e2e/src/chaos/main.ts.
 */
import { build, node } from './tool-chain.js';

await build('packages/e2e');
await node('packages/e2e/dist/chaos/main.js', ...process.argv.slice(2));
