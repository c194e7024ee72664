import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PoolEntry } from '../pool-entry.js';
import { cacheCluster, FakePool } from '../testing/fake-pool.js';
import { shoal } from '../testing/shoal.js';

let pool: FakePool;
let ended: string[];

beforeEach(async () => {
  pool = new FakePool();
  ended = [];
  await pool.listen();
});

afterEach(() => pool.close());

const NONE = { CacheClusters: [] };
const DEV = { CacheClusters: [cacheCluster('dev')] };
const MADE = { CacheCluster: cacheCluster('dev') };
const EXISTS = { refuse: 'CacheClusterAlreadyExists', message: 'Cache cluster already exists' };
const NOT_FOUND = { refuse: 'CacheClusterNotFound', message: 'CacheCluster not found: dev' };

function loadPool(): Promise<PoolEntry> {
  const running = {
    socketPath: pool.socketPath,
    stopped: new Promise<never>(() => {}),
    close: async () => {
      ended.push('close');
    },
    shutDown: async () => {
      ended.push('shutDown');
    },
  };
  return Promise.resolve({ start: async () => running as never, run: () => Promise.reject(new Error('not here')) });
}

/** Unless told otherwise, somebody presses Ctrl-C once the summary is there. */
async function up({
  words = [],
  untilStopped,
}: {
  words?: string[];
  untilStopped?: () => Promise<NodeJS.Signals>;
} = {}) {
  let written = '';
  let onSummary: (signal: NodeJS.Signals) => void = () => {};
  const summaryRead = new Promise<NodeJS.Signals>((resolve) => {
    onSummary = resolve;
  });
  const outcome = await shoal(['up', '--data-dir', pool.dataDirectory, '--threads', '1', '-n', '2', ...words], {
    loadPool,
    untilStopped: untilStopped ?? (() => summaryRead),
    write: (text) => {
      written += text;
      if (text.includes(' is up: ')) onSummary('SIGINT');
    },
  });
  return { ...outcome, text: written };
}

function actions(): string[] {
  return pool.asked.map(({ action }) => action).filter((action) => action !== 'DescribeCacheClusters');
}

describe('shoal up', () => {
  test('makes the cluster, says how to reach it, and at Ctrl-C forgets it and stops everything', async () => {
    pool.answer('DescribeCacheClusters', NONE, DEV, NOT_FOUND);
    pool.answer('CreateCacheCluster', MADE);
    pool.answer('DeleteCacheCluster', MADE);
    const { exitCode, text } = await up();
    expect(exitCode).toBe(0);
    expect(pool.asked[1].request).toEqual({
      CacheClusterId: 'dev',
      NumCacheNodes: 2,
      Port: 11211,
      MemoryMegabytes: 64,
      Threads: 1,
    });
    expect(text).toMatch(/^dev is up: 2 nodes behind one endpoint$/m);
    expect(text).toMatch(/^node 0002 +127\.0\.0\.1:11213 +64 MB +1$/m);
    expect(text).toContain('telnet 127.0.0.1 11211');
    expect(text).toContain(`npx shoal cluster scale dev 4 --data-dir ${pool.dataDirectory}`);
    expect(text).toContain('Stopping…');
    expect([actions(), ended]).toEqual([['CreateCacheCluster', 'DeleteCacheCluster'], ['shutDown']]);
  });

  test('goes on with the cluster of an earlier run that was killed', async () => {
    pool.answer('DescribeCacheClusters', DEV, DEV, DEV, NOT_FOUND);
    pool.answer('CreateCacheCluster', EXISTS);
    pool.answer('DeleteCacheCluster', MADE);
    await up();
    expect(actions()).toEqual(['CreateCacheCluster', 'DeleteCacheCluster']);
  });

  test('gives that cluster another number of nodes', async () => {
    const five = { CacheClusters: [cacheCluster('dev', { NumCacheNodes: 5 })] };
    pool.answer('DescribeCacheClusters', five, five, DEV, NOT_FOUND);
    pool.answer('CreateCacheCluster', EXISTS);
    pool.answer('ModifyCacheCluster', MADE);
    pool.answer('DeleteCacheCluster', MADE);
    await up();
    expect(actions()).toContain('ModifyCacheCluster');
  });

  test.each([
    ['another port', cacheCluster('dev', { ConfigurationEndpoint: { Address: '127.0.0.1', Port: 4000 } }), []],
    ['another drain', cacheCluster('dev'), ['--drain', '1']],
    ['other ports for its nodes', cacheCluster('dev'), ['--node-ports', '12001-12002']],
  ])('makes it anew when it had %s', async (_what, other, words) => {
    const found = { CacheClusters: [other] };
    pool.answer('DescribeCacheClusters', found, found, NOT_FOUND, DEV, NOT_FOUND);
    pool.answer('CreateCacheCluster', EXISTS, MADE);
    pool.answer('DeleteCacheCluster', MADE);
    const { errors } = await up({ words });
    expect(actions().slice(0, 3)).toEqual(['CreateCacheCluster', 'DeleteCacheCluster', 'CreateCacheCluster']);
    expect(errors).toContain('dev is made anew, with other settings than it had');
  });

  test('waits for the end of a deletion that an earlier run began', async () => {
    const deleting = { CacheClusters: [cacheCluster('dev', { CacheClusterStatus: 'deleting' })] };
    pool.answer('DescribeCacheClusters', deleting, deleting, deleting, NOT_FOUND, DEV, NOT_FOUND);
    pool.answer('CreateCacheCluster', EXISTS, MADE);
    pool.answer('DeleteCacheCluster', MADE);
    expect((await up()).text).toContain('dev is up');
  });

  test('ends at once, and in order, when Ctrl-C comes while nodes are still starting', async () => {
    const creating = { CacheClusters: [cacheCluster('dev', { CacheClusterStatus: 'creating' })] };
    pool.answer('DescribeCacheClusters', NONE, creating);
    pool.answer('CreateCacheCluster', MADE);
    pool.answer('DeleteCacheCluster', { refuse: 'InvalidCacheClusterState', message: 'not now' });
    const untilStopped = async (): Promise<NodeJS.Signals> => {
      await pool.hasAsked('DescribeCacheClusters', 2);
      return 'SIGINT';
    };
    const { exitCode, text } = await up({ untilStopped });
    expect([exitCode, ended]).toEqual([0, ['shutDown']]);
    expect(text).not.toContain('is up');
  });

  test('says what the pool refuses before anything is changed, and leaves nothing running', async () => {
    pool.answer('DescribeCacheClusters', DEV);
    pool.answer('CreateCacheCluster', {
      refuse: 'InsufficientCacheClusterCapacity',
      message: 'port 11211 of 127.0.0.1 is in use',
    });
    const { exitCode, errors } = await up({ untilStopped: () => new Promise(() => {}) });
    expect([exitCode, errors]).toEqual([75, 'Port 11211 of 127.0.0.1 is in use\n']);
    expect([actions(), ended]).toEqual([['CreateCacheCluster'], ['shutDown']]);
  });

  test('leaves the clusters of a pool alone, and lets their nodes serve on', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev'), cacheCluster('prod')] });
    const { exitCode, errors } = await up({ untilStopped: () => new Promise(() => {}) });
    expect(exitCode).toBe(75);
    expect(errors).toMatch(
      /^Cannot run dev in .*: a pool keeps other clusters there \(prod\); choose another --data-dir\n$/,
    );
    expect([actions(), ended]).toEqual([[], ['close']]);
  });

  test.each(['0', '41', '2.5'])('refuses %s nodes at the door', async (nodes) => {
    const { exitCode, errors } = await up({ words: ['-n', nodes] });
    expect([exitCode, errors]).toEqual([64, '--nodes: a whole number from 1 to 40 is wanted\n']);
  });
});
