/**
 * Real work with clients that are programs of their own: pymemcache, dalli, telnet, and memccapable, libmemcached's
 * conformance test. The work of the first two is in the scripts beside this file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { runs, testWith } from '../harness/outside-program.js';
import { ServerProcess } from '../harness/server-process.js';
import { serversUnderTest } from '../harness/server-under-test.js';
import { HAS_TELNET, Telnet } from '../harness/telnet.js';

const WORK_DEADLINE_MS = 180_000;
const MEMCCAPABLE_TESTS = 54;

/** Debian's python knows Debian's packages; the one that is first in the path need not. */
const PYTHON = ['python3', '/usr/bin/python3'].find((program) => runs(program, ['-c', 'import pymemcache']));
const HAS_DALLI = runs('ruby', ['-e', 'require "dalli"']);
const HAS_MEMCCAPABLE = spawnSync('memccapable', ['-V'], { stdio: 'ignore' }).error === undefined;

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: WORK_DEADLINE_MS });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe.each(serversUnderTest())('on $name', ({ command, version }) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start(command());
  });
  afterAll(() => server.stop());

  testWith('python3-pymemcache', PYTHON !== undefined)(
    'pymemcache does real work',
    async () => {
      const { code, output } = await run(PYTHON!, [
        script('pymemcache-work.py'),
        '127.0.0.1',
        String(server.port),
        version,
      ]);
      expect(output).toMatch(/^41 checks$/m);
      expect(code).toBe(0);
    },
    WORK_DEADLINE_MS,
  );

  testWith('ruby-dalli', HAS_DALLI)(
    'dalli does real work',
    async () => {
      const { code, output } = await run('ruby', [script('dalli-work.rb'), '127.0.0.1', String(server.port), version]);
      expect(output).toMatch(/^32 checks$/m);
      expect(code).toBe(0);
    },
    WORK_DEADLINE_MS,
  );

  testWith('telnet', HAS_TELNET)('a person at telnet sets and gets', async () => {
    const telnet = new Telnet(server.port);
    try {
      await telnet.shows('Escape character');
      telnet.screen = '';
      await telnet.type('set greeting 0 900 5', '');
      await telnet.type('hello', 'STORED');
      await telnet.type('get greeting', 'END');
      expect(telnet.screen.replaceAll('\r', '')).toBe('VALUE greeting 0 5\nhello\nEND\n');
      await telnet.type('bogus', 'ERROR');
      await telnet.type('version', `VERSION ${version}`);
      await telnet.type('quit', '');
      await telnet.hasEnded();
    } finally {
      telnet.close();
    }
  });

  testWith('memccapable', HAS_MEMCCAPABLE)(
    `memccapable passes ${MEMCCAPABLE_TESTS} of ${MEMCCAPABLE_TESTS}`,
    async () => {
      const { code, output } = await run('memccapable', ['-h', '127.0.0.1', '-p', String(server.port)]);
      expect(output.split('\n').filter((line) => /^(ascii|binary) .*\[pass\]$/.test(line))).toHaveLength(
        MEMCCAPABLE_TESTS,
      );
      expect(output).toContain('All tests passed');
      expect(code).toBe(0);
    },
    WORK_DEADLINE_MS,
  );
});
