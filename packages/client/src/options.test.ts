/** Who is asked, who is taken as given, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import { BadOptionsError } from './errors.js';
import { type ClientOptions, type ClientTarget, resolveOptions } from './options.js';

describe('options', () => {
  test('take one address for an endpoint and a list for the nodes', () => {
    expect(resolveOptions('a:1')).toMatchObject({ source: 'discovery', addresses: [{ host: 'a', port: 1 }] });
    expect(resolveOptions(['a', 'b:2']).source).toBe('static');
    expect(resolveOptions({ endpoint: ['a', 'b'] }).source).toBe('discovery');
    expect(resolveOptions({ nodes: ['a'] })).toMatchObject({
      source: 'static',
      addresses: [{ host: 'a', port: 11211 }],
    });
  });

  test('keep the defaults of what is not given', () => {
    expect(resolveOptions('a', { timeoutMs: undefined, pollIntervalMs: 50 })).toMatchObject({
      timeoutMs: 1000,
      pollIntervalMs: 50,
    });
  });

  test('are refused with every problem at once', () => {
    const options = { timeoutMs: 0, deadReads: 'maybe', reconnectMinMs: 9000, speling: 1 } as unknown as ClientOptions;
    const refused = (): unknown => resolveOptions(['a:0', 'b', 'b'], options);
    expect(refused).toThrow(BadOptionsError);
    expect(refused).toThrow(/timeoutMs.*speling.*reconnectMinMs.*deadReads.*"a:0".*twice/);
  });

  test.each([[''], [[]], [{ nodes: [] }], [null], [5]])('need an address: %j', (target) => {
    expect(() => resolveOptions(target as unknown as ClientTarget)).toThrow(BadOptionsError);
  });
});
