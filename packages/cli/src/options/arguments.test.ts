import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readArguments } from './arguments.js';
import { SERVER_FLAGS } from './server-flags.js';

/** What was read, each flag in the one spelling that leaves nothing to read differently. */
function read(...words: string[]) {
  const { uses, unknown, operands } = readArguments(words, SERVER_FLAGS);
  const args = uses.map(({ flag, text }) => (text === undefined ? `--${flag.name}` : `--${flag.name}=${text}`));
  return { args: operands.length === 0 ? args : [...args, '--', ...operands], unknown };
}

describe('a command line as getopt reads it', () => {
  test.each([
    ['an attached value', ['-p11211'], ['--port=11211']],
    ['a value of its own', ['-p', '11211'], ['--port=11211']],
    ['a value that looks like a flag', ['-p', '-1', '-U', '-1'], ['--port=-1', '--udp-port=-1']],
    ['a long flag with =', ['--port=0'], ['--port=0']],
    ['a long flag with a value of its own', ['--port', '-1'], ['--port=-1']],
    ['bundled switches', ['-kd'], ['--lock-memory', '--daemon']],
    ['-vvv', ['-vvv'], ['--verbose', '--verbose', '--verbose']],
    ['a bundle that ends in a value', ['-vdm1024'], ['--verbose', '--daemon', '--memory-limit=1024']],
    ['a bundle whose last flag takes the next word', ['-vm', '1024'], ['--verbose', '--memory-limit=1024']],
    ['= as part of an attached value', ['-m=5'], ['--memory-limit==5']],
    ['repeated lists', ['-l', 'a,b', '-l', 'c'], ['--listen=a,b', '--listen=c']],
    ['repeated -o', ['-o', 'a,b=1', '-oc'], ['--extended=a,b=1', '--extended=c']],
    ['leading blanks, which the values keep for their rule', ['-I', ' 1m'], ['--max-item-size= 1m']],
    ['a value that holds =', ['-o', 'idle_timeout=3'], ['--extended=idle_timeout=3']],
    ['a missing value', ['-l'], ['--listen']],
    ['a long name cut short', ['--memory-l', '5', '--thr=2'], ['--memory-limit=5', '--threads=2']],
    ['a cut name that a flag of Shoal also begins with', ['--conf', 'x', '--con', '7'], ['--conn-limit=7']],
    ['words that are no flags', ['a', '-v', '-', 'b'], ['--verbose', '--', 'a', '-', 'b']],
    ['--, behind which nothing is a flag', ['-v', '--', '-d'], ['--verbose', '--', '-d']],
  ])('takes %s', (_what, words, args) => {
    expect(read(...words).args).toEqual(args);
  });

  test('names the flags that it does not know, with the rest of their bundle still read', () => {
    const { args, unknown } = read('-vqd', '--portt=5', '--prrt', '6', '--nothing', '-k', '--memory', '1');
    expect(unknown).toEqual(['-q', '--portt', '--prrt', '--nothing', '--memory']);
    expect(args).toEqual(['--verbose', '--daemon', '--lock-memory']);
  });

  test('tells a flag from a value that looks like it', () => {
    expect(read('-P', '-h', '-vV').args).toEqual(['--pidfile=-h', '--verbose', '--version']);
  });

  test('reads every flag the same in each of its spellings', () => {
    const valued = SERVER_FLAGS.filter(({ short, argument }) => short && argument);
    fc.assert(
      fc.property(fc.constantFrom(...valued), fc.string({ minLength: 1 }), ({ name, short }, value) => {
        const attached = read(`-${short}${value}`).args;
        expect(attached).toEqual([`--${name}=${value}`]);
        expect(read(`-${short}`, value).args).toEqual(attached);
        expect(read(`--${name}`, value).args).toEqual(attached);
        expect(read(`--${name}=${value}`).args).toEqual(attached);
      }),
    );
  });
});
