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

const NOT_FOUND = { refuse: 'CacheClusterNotFound', message: 'CacheCluster not found: dev' };

function loadPool(): Promise<PoolEntry> {
  const running = {
    socketPath: pool.socketPath,
    stopped: new Promise<never>(() => {}),
    shutDown: async () => {
      ended.push('shutDown');
    },
  };
  return Promise.resolve({ start: async () => running as never, run: () => Promise.reject(new Error('not here')) });
}

/** Unless told otherwise, somebody presses Ctrl-C once the summary is there. */
async function up(untilStopped?: () => Promise<NodeJS.Signals>) {
  let written = '';
  let onSummary: (signal: NodeJS.Signals) => void = () => {};
  const summaryRead = new Promise<NodeJS.Signals>((resolve) => {
    onSummary = resolve;
  });
  const outcome = await shoal(['up', '--data-dir', pool.dataDirectory, '--threads', '1', '-n', '2'], {
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
  test('makes the cluster, says how to reach it, and stops everything at Ctrl-C', async () => {
    pool.answer('CreateCacheCluster', { CacheCluster: cacheCluster('dev') });
    pool.answer('DescribeCacheClusters', NOT_FOUND, { CacheClusters: [cacheCluster('dev')] });
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
    expect(text).toContain('Stopping…');
    expect(ended).toEqual(['shutDown']);
  });

  test('goes on with the cluster of an earlier run', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev')] });
    await up();
    expect(actions()).toEqual([]);
  });

  test('gives that cluster another number of nodes', async () => {
    pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev', { NumCacheNodes: 5 })] });
    pool.answer('ModifyCacheCluster', { CacheCluster: cacheCluster('dev') });
    await up();
    expect(actions()).toEqual(['ModifyCacheCluster']);
  });

  test('makes it anew when it had other settings', async () => {
    const other = cacheCluster('dev', { ConfigurationEndpoint: { Address: '127.0.0.1', Port: 4000 } });
    pool.answer('DescribeCacheClusters', { CacheClusters: [other] }, NOT_FOUND, {
      CacheClusters: [cacheCluster('dev')],
    });
    pool.answer('DeleteCacheCluster', { CacheCluster: other });
    pool.answer('CreateCacheCluster', { CacheCluster: cacheCluster('dev') });
    const { errors } = await up();
    expect(actions()).toEqual(['DeleteCacheCluster', 'CreateCacheCluster']);
    expect(errors).toContain('dev is made anew, with other settings than it had');
  });

  test('ends at once, and in order, when Ctrl-C comes while nodes are still starting', async () => {
    pool.answer('CreateCacheCluster', { CacheCluster: cacheCluster('dev') });
    pool.answer('DescribeCacheClusters', NOT_FOUND, {
      CacheClusters: [cacheCluster('dev', { CacheClusterStatus: 'creating' })],
    });
    const { exitCode, text } = await up(async () => {
      await pool.hasAsked('DescribeCacheClusters', 2);
      return 'SIGINT';
    });
    expect([exitCode, ended]).toEqual([0, ['shutDown']]);
    expect(text).not.toContain('is up');
  });

  test('says what the pool refuses, and leaves nothing running', async () => {
    pool.answer('DescribeCacheClusters', NOT_FOUND);
    pool.answer('CreateCacheCluster', {
      refuse: 'InsufficientCacheClusterCapacity',
      message: 'port 11211 of 127.0.0.1 is in use',
    });
    const { exitCode, errors } = await up(() => new Promise(() => {}));
    expect([exitCode, errors]).toEqual([75, 'port 11211 of 127.0.0.1 is in use\n']);
    expect(ended).toEqual(['shutDown']);
  });
});
