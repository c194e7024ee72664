import { describe, expect, test } from '@jest/globals';
import { hint, nearest } from './suggestion.js';

const FLAGS = ['--port', '--memory-limit', '--max-item-size', '--threads', '--user'];

describe('the suggestion for a mistyped word', () => {
  test.each([
    ['--portt', '--port'],
    ['--prot', '--port'],
    ['--memory_limit', '--memory-limit'],
    ['--Threads', '--threads'],
    ['--thraeds', '--threads'],
    ['--max-item', '--max-item-size'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, FLAGS)).toBe(meant);
    expect(hint(word, FLAGS)).toBe(`; did you mean ${meant}?`);
  });

  test.each(['--verify', '--colour-scheme', '-x'])('has none for %s', (word) => {
    expect(nearest(word, FLAGS)).toBeUndefined();
    expect(hint(word, FLAGS)).toBe('');
  });
});
