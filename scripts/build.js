/*
 * `pnpm build`: installs what is missing and compiles every package, its tests type-checked too.
 * Takes no arguments. To compile a single package: npx tsc -b packages/store && node scripts/bundle.js
 */
import { buildAll } from './tool-chain.js';

await buildAll();
