import { describe, expect, test } from '@jest/globals';
import { type PoolOptions, PoolOptionsError, resolvePoolOptions } from './options.js';

describe('the options of a pool', () => {
  test('have a default each, and stay on this machine', () => {
    expect(resolvePoolOptions({ dataDirectory: '/d' })).toMatchObject({
      registry: 'embedded',
      listenHost: '127.0.0.1',
      advertisedHost: '127.0.0.1',
      nodeHost: '127.0.0.1',
      driver: 'process',
      drainMs: 75_000,
      onStop: 'keep',
      registration: null,
      docker: { image: 'shoal:local', network: null },
    });
  });

  test('of the docker driver may be given one by one', () => {
    expect(resolvePoolOptions({ dataDirectory: '/d', docker: { network: 'shop' } }).docker).toEqual({
      image: 'shoal:local',
      network: 'shop',
    });
    expect(() => resolvePoolOptions({ dataDirectory: '/d', docker: { image: '' } })).toThrow('docker.image');
  });

  test('take what is left out for what is not given', () => {
    expect(resolvePoolOptions({ dataDirectory: '/d', advertisedHost: undefined, threads: undefined }).threads).toBe(1);
  });

  test('list nodes under an address, whatever the endpoint is called', () => {
    const options = resolvePoolOptions({
      dataDirectory: '/d',
      listenHost: '10.0.0.7',
      advertisedHost: 'Cache.Example',
    });
    expect(options).toMatchObject({ advertisedHost: 'cache.example', nodeHost: '10.0.0.7' });
    expect(resolvePoolOptions({ dataDirectory: '/d', listenHost: '0.0.0.0' }).nodeHost).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  test('name every problem at once', () => {
    const wrong = {
      dataDirectory: '',
      registry: 'redis://x',
      threads: 0,
      driver: 'podman',
      surprise: true,
    } as unknown as PoolOptions;
    let problems: readonly string[] = [];
    try {
      resolvePoolOptions(wrong);
    } catch (error) {
      problems = (error as PoolOptionsError).problems;
      expect((error as Error).message).toMatch(/^Cannot start the pool: /);
    }
    for (const what of ['dataDirectory', 'registry', 'threads', 'driver', 'surprise']) {
      expect(problems.some((problem) => problem.includes(what))).toBe(true);
    }
    expect(() => resolvePoolOptions(wrong)).toThrow(PoolOptionsError);
  });
});
