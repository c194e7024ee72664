import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { checkServerOptions } from '@shoal/server/option-checks';
import type { ServerOptions } from '@shoal/server/options';
import { LICENSE_TEXT } from './license.js';
import { shoal as runShoal } from './testing/shoal.js';

/** Runs a command line in a world of its own. The server is only seen to start; `started` holds its options. */
async function shoal(args: string[], world: { environment?: Record<string, string>; exitCode?: number } = {}) {
  const started: ServerOptions[] = [];
  const loadServer = jest.fn(async () => ({
    check: checkServerOptions,
    run: async (options: ServerOptions) => {
      started.push(options);
      return world.exitCode ?? 0;
    },
  }));
  const outcome = await runShoal(args, {
    environment: world.environment ?? {},
    readTextFile: () => '{"threads": 3}',
    loadServer,
  });
  return { started, loadServer, ...outcome };
}

describe('shoal server', () => {
  test('starts a server with what was given, and ends with its exit code', async () => {
    const { exitCode, started, errors } = await shoal(
      [
        'server',
        '-p',
        '-1',
        '-U',
        '0',
        '-l',
        'a,b',
        '-lc',
        '-vvkd',
        '-m1024',
        '-I',
        ' 2m',
        '-o',
        'idle_timeout=3',
        '-o',
        'modern',
      ],
      { exitCode: 71, environment: { SHOAL_OPT_THREADS: '2' } },
    );
    expect(errors).toBe('');
    expect(exitCode).toBe(71);
    expect(started).toEqual([
      {
        port: 0,
        listen: ['a', 'b', 'c'],
        verbosity: 2,
        daemon: true,
        memoryLimitBytes: 2 ** 30,
        itemSizeMaxBytes: 2 ** 21,
        idleTimeoutSeconds: 3,
        threads: 2,
        ineffective: ['-k, --lock-memory', '-o modern'],
      },
    ]);
  });

  test('without flags leaves everything to the defaults', async () => {
    expect((await shoal(['server'])).started).toEqual([{}]);
  });

  test('reads the configuration file it is given', async () => {
    expect((await shoal(['server', '--config-file', 'f', '-c', '5'])).started).toEqual([
      { threads: 3, maxConnections: 5 },
    ]);
  });

  test('takes what the suite of memcached appends to every start', async () => {
    const suite = '-m 64 -u root -o relaxed_privileges -s /tmp/memcachetest.1.1';
    expect((await shoal(['server', '--debug-commands', ...suite.split(' ')])).exitCode).toBe(0);
    const overTcp = '-l 127.0.0.1 -u root -o relaxed_privileges -p 4001 -U 4001';
    expect((await shoal(['server', '--debug-commands', ...overTcp.split(' ')])).started).toEqual([
      {
        debugCommands: true,
        port: 4001,
        listen: ['127.0.0.1'],
        user: 'root',
        ineffective: ['-o relaxed_privileges', '-U, --udp-port'],
      },
    ]);
  });

  test('names every problem at once, exits 64 and starts nothing', async () => {
    const { exitCode, errors, started, text } = await shoal([
      ...['server', '--portt', '5', '-q', '-w', 'extra', '-c0', '-I', '256m', '-Z', '-o', 'nope,hashpower=99', '-t'],
    ]);
    expect(exitCode).toBe(64);
    expect(started).toEqual([]);
    expect(text).toBe('');
    expect(errors).toBe(`Cannot start the server: 10 bad options.
  --portt: is not a flag; did you mean --port?
  -q: is not a flag
  -w: is not a flag; did you mean -W, --disable-watch?
  extra: is not a flag; shoal server takes flags only
  -Z, --enable-ssl: TLS comes in a later version of Shoal
  -o nope: is not an extended option
  -t, --threads: needs a value; allowed: a whole number from 1 to 512
  -c, --conn-limit: "0" is not allowed; allowed: a whole number from 1 to 4000000
  -o hashpower: "99" is not allowed; allowed: a whole number from 12 to 28
  -I, --max-item-size: "256m" is not allowed; allowed: up to 33554432, half of -m, --memory-limit
All flags: shoal server --help
`);
  });

  test('says a single problem in the singular', async () => {
    const { errors } = await shoal(['server', '-c', '-1']);
    expect(errors).toMatch(/^Cannot start the server: a bad option\.\n {2}-c, --conn-limit: "-1" is not allowed/);
  });
});

describe('the questions', () => {
  test.each([['-h'], ['--help'], ['-vh'], ['--hel'], ['-c', '0', '-h'], ['-h', '-V']])(
    'shoal server %s %s prints help',
    async (...words) => {
      const { exitCode, text, errors, loadServer } = await shoal(['server', ...words]);
      expect(text).toMatch(/^Usage: shoal server \[flags\]\n/);
      expect([exitCode, errors, loadServer.mock.calls.length]).toEqual([0, '', 0]);
    },
  );

  test.each([['server', '-V'], ['server', '--version'], ['--version'], ['-V']])(
    'shoal %s %s prints both versions',
    async (...words) => {
      const { exitCode, text } = await shoal(words.filter((word) => word !== undefined));
      const [behaviour, own, ...rest] = text.split('\n');
      expect(behaviour).toBe('memcached 1.6.45');
      expect(own).toMatch(/^shoal \d+\.\d+\.\d+ \(Node\.js v\d+\.\d+\.\d+\)$/);
      expect(rest).toEqual(['']);
      expect(exitCode).toBe(0);
    },
  );

  test.each(['-i', '--license'])('shoal server %s prints the license of the repository', async (flag) => {
    const { exitCode, text } = await shoal(['server', flag]);
    expect(exitCode).toBe(0);
    expect(text).toBe(LICENSE_TEXT);
    expect(text).toBe(readFileSync(new URL('../../../LICENSE', import.meta.url), 'utf8'));
  });

  test('are only flags where flags stand', async () => {
    expect((await shoal(['server', '-P', '-h'])).started).toEqual([{ pidFile: '-h' }]);
  });
});

describe('shoal', () => {
  test.each(['--help', '-h'])('%s lists the commands', async (flag) => {
    const { exitCode, text } = await shoal([flag]);
    expect(exitCode).toBe(0);
    expect(text).toContain('Usage: shoal <command> [flags]');
    expect(text).toMatch(/shoal up +Run a cluster/);
    expect(text).toMatch(/shoal server +Run one cache node/);
    expect(text).toMatch(/-h, --help/);
  });

  test('alone prints the same where errors go', async () => {
    const { exitCode, text, errors } = await shoal([]);
    expect([exitCode, text]).toEqual([64, '']);
    expect(errors).toContain('Usage: shoal <command> [flags]');
  });

  test.each([
    [['sever'], 'shoal sever: is not a command; did you mean server?'],
    [['sever', '-p', '1'], 'shoal sever: is not a command; did you mean server?'],
    [['make-coffee'], 'shoal make-coffee: is not a command'],
    [['--port', '1'], 'Unknown argument: port'],
    [['up', '--nodes'], 'Not enough arguments following: nodes'],
    [['up', '-n', '--port', '4'], 'Not enough arguments following: n'],
    [['pool', '--on-stop'], 'Not enough arguments following: on-stop'],
    [['cluster', 'create', 'dev', '--driver', '--json'], 'Not enough arguments following: driver'],
  ])('%j is refused with what was probably meant', async (args, line) => {
    const { exitCode, errors, loadServer } = await shoal(args);
    expect(exitCode).toBe(64);
    expect(errors).toBe(`${line}\nAll commands: shoal --help\n`);
    expect(loadServer).not.toHaveBeenCalled();
  });
});
