import { describe, expect, test } from '@jest/globals';
import type { PoolOptions } from '@shoal/pool/main';
import { shoal } from '../testing/shoal.js';

async function optionsOf(args: string[]): Promise<PoolOptions | undefined> {
  const asked: PoolOptions[] = [];
  const run = async (options: PoolOptions) => {
    asked.push(options);
    return 0;
  };
  const loadPool = async () => ({ run, start: () => Promise.reject(new Error('not here')) });
  expect((await shoal(['pool', '--data-dir', '/d', ...args], { loadPool })).exitCode).toBe(0);
  return asked[0];
}

describe('shoal pool', () => {
  test('runs a daemon whose containers come from the image of Shoal, unless told otherwise', async () => {
    expect(await optionsOf([])).toMatchObject({
      dataDirectory: '/d',
      docker: { image: 'shoal:local', network: null, socketPath: undefined },
    });
  });

  test('hands on what the docker driver is told', async () => {
    const args = ['--docker-image', 'shop:2', '--docker-network', 'shop', '--docker-socket', '/s'];
    expect(await optionsOf([...args, '--driver', 'docker'])).toMatchObject({
      driver: 'docker',
      docker: { image: 'shop:2', network: 'shop', socketPath: '/s' },
    });
  });
});
