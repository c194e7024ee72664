/**
 * The programs beside this file that ask a client library of another language where it places keys: servers are the
 * arguments, a key a line goes in, the owner of each comes out. With pylibmc, which does not tell, keys are really stored.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runs } from '../harness/outside-program.js';
import type { KeyRecorder } from './ring-recorders.js';

const DEADLINE_MS = 180_000;
const SPYMEMCACHED_JAR = '/usr/share/java/spymemcached.jar';

/** Debian's python knows Debian's packages; the one that is first in the path need not. */
function pythonWith(module: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find((program) => runs(program, ['-c', `import ${module}`]));
}

const PYMEMCACHE = pythonWith('pymemcache');
const PYLIBMC = pythonWith('pylibmc');

export const HAS_PYMEMCACHE = PYMEMCACHE !== undefined;
export const HAS_PYLIBMC = PYLIBMC !== undefined;
export const HAS_DALLI = runs('ruby', ['-e', 'require "dalli"']);
export const HAS_SPYMEMCACHED = existsSync(SPYMEMCACHED_JAR) && runs('javac', ['-version']);

export type Names = readonly string[];

export const askPymemcache = (servers: Names, keys: Names): Promise<Names> =>
  owners(PYMEMCACHE ?? 'python3', [script('ring-pymemcache.py'), ...servers], keys);

export const askDalli = (servers: Names, keys: Names): Promise<Names> =>
  owners('ruby', ['-Ku', script('ring-dalli.rb'), ...servers], keys);

export const askSpymemcached = (locator: 'array' | 'ketama', servers: Names, keys: Names): Promise<Names> => {
  const options = ['-Dfile.encoding=UTF-8', '-cp', SPYMEMCACHED_JAR];
  return owners('java', [...options, script('ring-spymemcached.java'), locator, ...servers], keys);
};

/** Resolves with what the program said: how many keys were stored. */
export function storeWithPylibmc(
  recorders: readonly KeyRecorder[],
  keys: Names,
  behaviors: Readonly<Record<string, unknown>>,
): Promise<string> {
  const work = { servers: recorders.map(({ name }) => name), keys, behaviors };
  return run(PYLIBMC ?? 'python3', [script('ring-pylibmc.py')], JSON.stringify(work));
}

async function owners(program: string, args: readonly string[], keys: Names): Promise<Names> {
  const output = await run(program, args, keys.map((key) => `${key}\n`).join(''));
  return output.trimEnd().split('\n');
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function run(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: DEADLINE_MS });
    const said = { output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (said.output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (said.errors += text));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(said.output) : reject(new Error(`${program} left with ${code}: ${said.errors}`)),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
