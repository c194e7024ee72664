import { describe, expect, test } from '@jest/globals';
import { parseBenchOptions } from './bench-options.js';
import { argumentsFor, parseLoadOptions } from './load/load-options.js';
import { planCores } from './machine/cores.js';

describe('parseBenchOptions', () => {
  test('saves complete runs only, unless told', () => {
    const isSaved = (...args: string[]) => parseBenchOptions(args)?.isSaved;
    expect([isSaved(), isSaved('--full'), isSaved('--quick'), isSaved('--only', 'get')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([isSaved('--no-save'), isSaved('--quick', '--save')]).toEqual([false, true]);
  });

  test('takes arguments behind the -- that pnpm passes on, and lists', () => {
    const args = ['--', '--transport', 'net,uring', '--windows=7', '--workers', '1,2', '--only', 'mget,get,idle'];
    expect(parseBenchOptions(args)).toMatchObject({
      transports: ['uring', 'net'],
      windows: 7,
      workers: [1, 2],
      only: ['get', 'mget', 'idle'],
    });
  });

  test('leaves transports open, so that all that work are measured, and takes both peers', () => {
    const options = parseBenchOptions([]);
    expect([options?.transports, options?.only, options?.peers]).toEqual([
      undefined,
      undefined,
      ['memcached', 'redis'],
    ]);
    expect(parseBenchOptions(['--against', 'x'])?.peers).toEqual(['memcached']);
    expect(parseBenchOptions(['--peer', 'memcached'])?.peers).toEqual(['memcached']);
  });

  test('takes at least five windows a figure, and more of them for the full report', () => {
    expect(() => parseBenchOptions(['--windows', '4'])).toThrow('--windows 4: must be a number from 5');
    const [quick, usual, full] = [['--quick'], [], ['--full']].map((args) => parseBenchOptions(args)?.windows ?? 0);
    expect(quick).toBeGreaterThanOrEqual(5);
    expect(usual).toBeGreaterThan(quick);
    expect(full).toBeGreaterThan(usual);
  });

  test('answers nothing but help when asked for help', () => {
    expect(parseBenchOptions(['--help'])).toBeUndefined();
  });

  test('names every problem at once', () => {
    const args = [
      '--only',
      'get,fly',
      '--workers',
      '1,0',
      '--transport',
      'pigeon',
      '--peer',
      'etcd',
      '--full',
      '--quick',
    ];
    const problems = [
      '--only fly: must be one of get, ',
      '--workers 0: must be',
      '--transport pigeon: must be one of auto',
      '--peer etcd: must be one of memcached, redis',
      '--full --quick: one or the other',
    ];
    for (const problem of problems) expect(() => parseBenchOptions(args)).toThrow(problem);
  });
});

describe('load options', () => {
  test('come back the same from the flags made of them', () => {
    const options = parseLoadOptions([
      '--port',
      '9',
      '--pid',
      '4',
      '--workload',
      'mget',
      '--dialect=binary',
      '--cpu',
      '-1',
      '--json',
    ]);
    expect(parseLoadOptions(argumentsFor(options!))).toEqual(options);
  });
});

describe('planCores', () => {
  test('gives the generator the first core that no worker has', () => {
    expect(planCores(1, 2)).toEqual({ server: '0', generator: 1 });
    expect(planCores(4, 8)).toEqual({ server: '0,1,2,3', generator: 4 });
  });

  test('lets them share and says so where cores are too few', () => {
    expect(planCores(2, 2)).toMatchObject({
      server: '0,1',
      generator: 1,
      warning: expect.stringContaining('share core 1'),
    });
    expect(planCores(1, 1)).toMatchObject({ server: '0', generator: 0, warning: expect.any(String) });
  });
});
