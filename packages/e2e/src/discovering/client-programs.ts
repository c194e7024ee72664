/**
 * The real clients that work beside each other in clients.test.ts: how each is started, and how it learns of a change.
 */
import { fileURLToPath } from 'node:url';
import { runs } from '../harness/outside-program.js';

/** `follows` asks by itself, `asked` when it is told to, `endpoint` never: it knows nothing else. */
export type Discovery = 'follows' | 'asked' | 'endpoint';

export interface ClientProgram {
  readonly name: string;
  readonly discovery: Discovery;
  /** What has to be installed. */
  readonly needs: string;
  readonly present: boolean;
  readonly program: string;
  /** The endpoint comes after them. */
  readonly args: readonly string[];
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/** Debian's python knows Debian's packages; the one that is first in the path need not. */
const PYTHON = ['python3', '/usr/bin/python3'].find((program) => runs(program, ['-c', 'import pymemcache']));
/** Its `deasync` ships binaries for the usual platforms only, and this repository compiles nothing. */
const HAS_DEASYNC = runs(process.execPath, [
  '-e',
  `module.constructor.createRequire('${PACKAGE}')('elasticache-client')`,
]);

function inNode(name: string, discovery: Discovery, present = true): ClientProgram {
  const args = [script('client-process.mjs'), name];
  return { name, discovery, needs: name, present, program: process.execPath, args };
}

export const CLIENT_PROGRAMS: readonly ClientProgram[] = [
  inNode('memcached-elasticache', 'follows'),
  { ...inNode('elasticache-client', 'follows', HAS_DEASYNC), needs: "a binary of elasticache-client's deasync" },
  inNode('memjs-following', 'follows'),
  inNode('ecad', 'asked'),
  {
    name: 'pymemcache',
    discovery: 'asked',
    needs: 'python3-pymemcache',
    present: PYTHON !== undefined,
    program: PYTHON ?? 'python3',
    args: [script('pymemcache-client.py')],
  },
  inNode('memjs', 'endpoint'),
  inNode('memcached', 'endpoint'),
  {
    name: 'dalli',
    discovery: 'endpoint',
    needs: 'ruby-dalli',
    present: runs('ruby', ['-e', 'require "dalli"']),
    program: 'ruby',
    args: [script('dalli-client.rb')],
  },
];
