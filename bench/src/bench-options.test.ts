import { describe, expect, test } from '@jest/globals';
import { parseBenchOptions } from './bench-options.js';
import { argumentsFor, parseLoadOptions } from './load/load-options.js';
import { planCores } from './machine/cores.js';

describe('parseBenchOptions', () => {
  test('saves complete tables only, unless told', () => {
    const isSaved = (...args: string[]) => parseBenchOptions(args)?.isSaved;
    expect([isSaved(), isSaved('--quick'), isSaved('--only', 'get')]).toEqual([true, false, false]);
    expect([isSaved('--no-save'), isSaved('--quick', '--save')]).toEqual([false, true]);
  });

  test('takes arguments behind the -- that pnpm passes on', () => {
    expect(parseBenchOptions(['--', '--transport', 'net', '--rounds=2'])).toMatchObject({
      transport: 'net',
      rounds: 2,
    });
  });

  test('answers nothing but help when asked for help', () => {
    expect(parseBenchOptions(['--help'])).toBeUndefined();
  });

  test('names every problem at once', () => {
    const parse = () => parseBenchOptions(['--only', 'get,fly', '--rounds', '0', '--transport', 'pigeon']);
    expect(parse).toThrow(/--only fly: must be one of get, .*\n.*--transport pigeon.*\n--rounds 0/s);
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
