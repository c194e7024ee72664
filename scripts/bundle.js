/*
 * The last step of a build: what a worker thread runs, protocol, store and server, as one module in packages/server/dist/bundled.
 *
 * V8 takes a constant or function of the same module for what it is, but loads an imported one from its cell whenever it is
 * used, and checks it: a fifth of the time of a command (docs/decisions/0031-hot-path-attempts.md). The sources stay small
 * modules. Does nothing when no compiled file is newer. Called by tool-chain.js; needs rollup, so it is a program of its own.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const PACKAGES = fileURLToPath(new URL('../packages', import.meta.url));
const TARGET = join(PACKAGES, 'server/dist/bundled');
/** worker.js is what a server starts; engine.js what bench/src/engine measures. */
const ENTRIES = ['worker.js', 'engine.js'];
const BUNDLED = /^@shoal\/(protocol|store)$/;

/** Finds our packages in their dist, and hands the compiler's source maps on, so that stacks and coverage name the sources. */
const workspace = {
  name: 'workspace',
  resolveId: (id) => (BUNDLED.test(id) ? join(PACKAGES, BUNDLED.exec(id)[1], 'dist/index.js') : null),
  load: (id) => ({ code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) }),
};

if (newestInput() > oldestOutput()) for (const entry of ENTRIES) await bundle(entry);

async function bundle(entry) {
  const build = await rollup({
    input: join(PACKAGES, 'server/dist', entry),
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !BUNDLED.test(id),
    plugins: [workspace],
  });
  // In one file also what a worker imports only for the transport that it serves on: a piece of its own would import from the rest.
  await build.write({ file: join(TARGET, entry), format: 'es', sourcemap: true, inlineDynamicImports: true });
  await build.close();
}

function newestInput() {
  const folders = ['protocol', 'store', 'server'].map((name) => join(PACKAGES, name, 'dist'));
  return Math.max(...folders.flatMap(compiledFiles).map(modifiedMs), modifiedMs(fileURLToPath(import.meta.url)));
}

function compiledFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js') && !name.startsWith('bundled'))
    .map((name) => join(folder, name));
}

function oldestOutput() {
  return Math.min(...ENTRIES.map((entry) => modifiedMs(join(TARGET, entry))));
}

function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
