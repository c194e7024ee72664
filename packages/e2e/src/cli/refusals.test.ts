/**
 * What is refused: each with its exit code and one clear message, and with nothing changed, neither in the pool that runs
 * nor in the files of one that does not start.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ShoalPool, shoal, withPortTaken } from './shoal-program.js';

const USAGE = 64;
const BAD_DATA = 65;
const NO_INPUT = 66;
const UNAVAILABLE = 69;
const CANNOT_CREATE = 73;
const TEMPORARY = 75;
const NAME_MAX = 50;
/** A port that nobody listens on without special rights. */
const DEAF = '127.0.0.1:1';

const pool = new ShoalPool();

beforeAll(async () => {
  await pool.start();
  await pool.json('cluster', 'create', 'taken', '-n', '2', '--port', '0', '--memory', '8', '--threads', '1', '--wait');
});
afterAll(() => pool.stop());

/** Everything that a command could have changed. */
async function stateOf(): Promise<unknown> {
  const { CacheClusters } = await pool.client.describeCacheClusters({ ShowCacheNodeInfo: true });
  return CacheClusters.map(({ CacheNodes = [], Shoal, ...cluster }) => ({
    ...cluster,
    version: Shoal.Version,
    nodes: CacheNodes.map(({ CacheNodeId, CacheNodeStatus, Endpoint, Shoal: { Handle } }) => ({
      CacheNodeId,
      CacheNodeStatus,
      Endpoint,
      Handle,
    })),
  }));
}

/** One message on the error output and nothing else anywhere. */
async function refuses(words: readonly string[], exitCode: number, message: RegExp): Promise<void> {
  const outcome = await pool.shoal(...words);
  expect(outcome).toEqual({ exitCode, text: '', errors: expect.stringMatching(message) });
  expect(outcome.errors.trimEnd().split('\n')).toHaveLength(1);
}

const create = (...words: string[]): string[] => ['cluster', 'create', ...words, '--port', '0'];

const REFUSED: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['a name that is taken', create('taken'), CANNOT_CREATE, /already exists/],
  ['the same name in capitals', create('TAKEN'), CANNOT_CREATE, /already exists/],
  ...['1st', 'two--hyphens', 'ends-', 'under_score', 'a b', 'é', '', 'a'.repeat(NAME_MAX + 1)].map(
    (name) => [`the name "${name}"`, create(name), USAGE, /^The name of the cluster must be 1 to 50 letters/] as const,
  ),
  ['no nodes', create('new', '-n', '0'), USAGE, /^The number of nodes must be .* not 0/],
  ['more nodes than a cluster can have', create('new', '-n', '41'), USAGE, /at most 40 nodes/],
  ['a number that is none', create('new', '-n', 'three'), USAGE, /^nodes: a number is wanted$/m],
  ['a port past the last', ['cluster', 'create', 'new', '--port', '65536'], USAGE, /^--port must be .* not 65536/],
  [
    'one port for two nodes',
    create('new', '-n', '2', '--node-ports', '9,9'),
    USAGE,
    /^--node-ports names something twice/,
  ],
  ['a drain before now', create('new', '--drain', '-1'), USAGE, /^--drain must be .* not -1/],
  ['to scale what does not exist', ['cluster', 'scale', 'none', '3'], NO_INPUT, /not found: none/],
  ['to scale to nothing', ['cluster', 'scale', 'taken', '0'], USAGE, /^The number of nodes must be .* not 0/],
  ['to scale past the quota', ['cluster', 'scale', 'taken', '41'], USAGE, /at most 40 nodes/],
  ['to remove a node that is not there', ['cluster', 'remove-nodes', 'taken', '0007'], NO_INPUT, /not found: 0007/],
  ['to remove what is no id', ['cluster', 'remove-nodes', 'taken', 'first'], USAGE, /must be four digits, not "first"/],
  ['to remove one twice', ['cluster', 'remove-nodes', 'taken', '0001', '0001'], USAGE, /names something twice/],
  [
    'to remove all',
    ['cluster', 'remove-nodes', 'taken', '0001', '0002'],
    USAGE,
    /^The number of nodes must be .* not 0/,
  ],
  ['to reboot a node that is not there', ['cluster', 'reboot', 'taken', '0007'], NO_INPUT, /not found: 0007/],
  ['to replace a node that is not there', ['node', 'replace', 'taken', '0007'], NO_INPUT, /not found: 0007/],
  ['to delete what does not exist', ['cluster', 'delete', 'none'], NO_INPUT, /not found: none/],
];

describe('a pool that runs refuses', () => {
  let before: unknown;
  beforeEach(async () => {
    before ??= await stateOf();
  });
  afterEach(async () => expect(await stateOf()).toEqual(before));

  test.each(REFUSED)('%s', (_, words, exitCode, message) => refuses(words, exitCode, message));

  test('an endpoint on a port that is in use', () =>
    withPortTaken((port) =>
      refuses(['cluster', 'create', 'new', '-p', String(port)], TEMPORARY, new RegExp(`port ${port} .*in use`)),
    ));

  test('a node on a port that is in use', () =>
    withPortTaken((port) =>
      refuses(create('new', '-n', '1', '--node-ports', String(port)), TEMPORARY, new RegExp(`port ${port} .*in use`)),
    ));

  test('a second daemon on its data directory', () =>
    refuses(
      ['pool', '--log-level', 'silent'],
      UNAVAILABLE,
      /^Cannot use the data directory .*: the daemon with pid \d+ /,
    ));
});

describe('without a pool', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (...words: string[]) => shoal('pool', '--data-dir', directory, ...words);

  test('commands say where they looked for one, and how to start it', async () => {
    const { exitCode, text, errors } = await shoal('cluster', 'list', '--data-dir', directory);
    expect({ exitCode, text }).toEqual({ exitCode: UNAVAILABLE, text: '' });
    expect(errors).toMatch(/^Cannot reach a pool at .*pool\.sock: .*shoal up or shoal pool\n$/);
  });

  test('an endpoint that does not answer is named', async () => {
    for (const words of [
      ['config', 'get', DEAF],
      ['ring', 'key', '--endpoint', DEAF],
    ]) {
      const { exitCode, text, errors } = await shoal(...words);
      expect({ exitCode, text }).toEqual({ exitCode: UNAVAILABLE, text: '' });
      expect(errors).toMatch(/^Cannot discover the nodes of 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/);
    }
  });

  test('one does not start over an etcd that cannot be reached', async () => {
    const { exitCode, errors } = await start('--registry', `etcd://${DEAF}`);
    expect(exitCode).toBe(UNAVAILABLE);
    expect(errors).toMatch(/^Cannot open the registry etcd:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/);
  });

  test.each([
    ['that is damaged', (file: string) => file.slice(0, file.length / 2), /Cannot read the registry .*registry\.json/],
    ['whose content was altered', (file: string) => file.replace('"taken"', '"given"'), /checksum/],
    [
      'of a future release',
      (file: string) => file.replace('"formatVersion": 1', '"formatVersion": 2'),
      /has format version 2/,
    ],
  ])('one does not start on a registry file %s, and leaves it as it is', async (_, spoil, message) => {
    const good = readFileSync(join(pool.directory, 'registry.json'), 'utf8');
    const path = join(directory, 'registry.json');
    const spoilt = spoil(good);
    expect(spoilt).not.toBe(good);
    writeFileSync(path, spoilt);
    const { exitCode, text, errors } = await start();
    expect({ exitCode, text, errors }).toEqual({
      exitCode: BAD_DATA,
      text: '',
      errors: expect.stringMatching(message),
    });
    expect(errors.trimEnd().split('\n')).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe(spoilt);
  });

  test('one that is told to sets such a file aside, whole, and starts without clusters', async () => {
    const second = new ShoalPool();
    writeFileSync(join(second.directory, 'registry.json'), 'damaged');
    await second.start('--set-aside-registry');
    expect(await second.json('cluster', 'list')).toEqual({ CacheClusters: [] });
    const aside = readdirSync(second.directory).filter((name) => name.startsWith('registry.json.damaged-'));
    expect(aside.map((name) => readFileSync(join(second.directory, name), 'utf8'))).toEqual(['damaged']);
    await second.stop();
  });
});
