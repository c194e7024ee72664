import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from '@jest/globals';
import { COMPLETE_WORD } from '../completion-word.js';
import { cacheCluster, FakePool } from '../testing/fake-pool.js';
import { shoal } from '../testing/shoal.js';

let pool: FakePool | null = null;

afterEach(async () => {
  await pool?.close();
  pool = null;
});

async function candidates(words: string[], environment: Record<string, string> = {}): Promise<string[]> {
  const { exitCode, text, errors } = await shoal([COMPLETE_WORD, ...words], { environment });
  expect([exitCode, errors]).toEqual([0, '']);
  return text.split('\n').filter((line) => line !== '');
}

async function poolWithDev(): Promise<Record<string, string>> {
  pool = new FakePool();
  await pool.listen();
  pool.answer('DescribeCacheClusters', { CacheClusters: [cacheCluster('dev'), cacheCluster('shop')] });
  return { SHOAL_DATA_DIR: pool.dataDirectory };
}

describe('what may stand where the cursor is', () => {
  test('first: a command', async () => {
    expect(await candidates(['c'])).toEqual(['cluster', 'config', 'completion']);
    expect(await candidates([''])).toContain('server');
  });

  test('after a group: its commands', async () => {
    expect(await candidates(['cluster', 'd'])).toEqual(['describe', 'delete']);
  });

  test('a flag of that command, and flags of the server from its table', async () => {
    expect(await candidates(['cluster', 'scale', '--w'])).toEqual(['--wait']);
    expect(await candidates(['server', '--memory'])).toEqual(['--memory-limit']);
  });

  test('names of clusters and of their nodes', async () => {
    const environment = await poolWithDev();
    expect(await candidates(['cluster', 'scale', ''], environment)).toEqual(['dev', 'shop']);
    expect(await candidates(['cluster', 'scale', 's'], environment)).toEqual(['shop']);
    expect(await candidates(['node', 'replace', 'dev', ''], environment)).toEqual(['0001', '0002']);
    expect(await candidates(['cluster', 'remove-nodes', 'dev', '0001', ''], environment)).toEqual(['0001', '0002']);
  });

  test('nothing where nothing can be known', async () => {
    expect(await candidates(['cluster', 'scale', ''], { SHOAL_DATA_DIR: '/nowhere' })).toEqual([]);
    expect(await candidates(['nonsense', ''])).toEqual([]);
  });
});

describe('shoal completion', () => {
  test('prints a script that bash reads without a word', async () => {
    const { text } = await shoal(['completion', 'bash']);
    expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(text).toContain('complete -o');
  });

  test('prints one for zsh', async () => {
    expect((await shoal(['completion', 'zsh'])).text).toContain('compdef _shoal_complete shoal');
  });

  test('knows no other shell', async () => {
    const { exitCode, errors } = await shoal(['completion', 'fish']);
    expect(exitCode).toBe(64);
    expect(errors).toContain('bash');
  });
});
