import { describe, expect, test } from '@jest/globals';
import { shoal } from '../testing/shoal.js';

const NODES = ['--nodes', '127.0.0.1:11212,127.0.0.1:11213,127.0.0.1:11214'];

describe('shoal ring', () => {
  test('prints a row a library and a column a key, and which programs hash so', async () => {
    const { exitCode, text } = await shoal(['ring', 'user:1', '007', ...NODES]);
    expect(exitCode).toBe(0);
    const [heading, first, ...rest] = text.split('\n');
    expect(heading).toMatch(/^LIBRARY +user:1 +007$/);
    expect(first).toMatch(/^shoal +127\.0\.0\.1:11214 +127\.0\.0\.1:11212$/);
    expect(rest.filter((line) => line.startsWith('dalli '))).toHaveLength(2);
    expect(text).toContain("Shoal's client and endpoint");
  });

  test('prints further tables below when the keys do not fit beside each other', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `a-rather-long-key-${index}`);
    const { text } = await shoal(['ring', ...keys, ...NODES], { columns: 80 });
    for (const key of keys) expect(text).toContain(key);
    const table = text.slice(0, text.indexOf("Shoal's client"));
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text.match(/^LIBRARY/gm)?.length).toBeGreaterThan(1);
  });

  test('answers programs with JSON', async () => {
    const { text } = await shoal(['ring', 'user:1', '--library', 'shoal', '--library', 'memjs', '--json', ...NODES]);
    expect(JSON.parse(text)).toEqual({
      nodes: ['127.0.0.1:11212', '127.0.0.1:11213', '127.0.0.1:11214'],
      owners: { shoal: { 'user:1': '127.0.0.1:11214' }, memjs: { 'user:1': '127.0.0.1:11214' } },
    });
  });

  test.each([
    { args: ['a b', ...NODES], says: '"a b": a key has 1 to 250 bytes and no blanks or control characters' },
    { args: ['x'.repeat(251), ...NODES], says: 'a key has 1 to 250 bytes' },
    {
      args: ['a', '--library', 'dali', ...NODES],
      says: '--library: "dali" is none that is known; did you mean dalli?',
    },
    { args: ['a', '--nodes', 'h:1,h:1'], says: '--nodes: h:1 is given twice' },
    { args: ['a', '--nodes', 'h:x'], says: '--nodes: "h:x" is not allowed' },
    { args: ['a', '--endpoint', 'h:1', ...NODES], says: '--endpoint and --nodes: give one of them' },
    { args: [...NODES], says: 'Not enough' },
  ])('refuses $args', async ({ args, says }) => {
    const { exitCode, text, errors } = await shoal(['ring', ...args]);
    expect({ exitCode, text }).toEqual({ exitCode: 64, text: '' });
    expect(errors).toContain(says);
  });

  test('ends with 69 when nobody answers at the endpoint', async () => {
    const { exitCode, errors } = await shoal(['ring', 'a', '--endpoint', 'nowhere.invalid:1']);
    expect(exitCode).toBe(69);
    expect(errors).toContain('Cannot discover the nodes of nowhere.invalid:1');
  });
});
