import { describe, expect, test } from '@jest/globals';
import {
  addressList,
  decimalNumber,
  oneCharacter,
  oneOf,
  orList,
  permissionBits,
  size,
  tcpPort,
  toggle,
  unixSocketPath,
  type ValueRule,
  verbosityLevel,
  wholeNumber,
} from './value.js';

const bytes = size({ min: 1024, max: 2 ** 30, said: 'a size' });
const megabytes = wholeNumber({ min: 1, max: 100, unit: 'megabytes', factor: 1024 * 1024 });

const READ: [string, ValueRule<unknown>, string, unknown][] = [
  ['a whole number', wholeNumber({ min: 0, max: 5 }), '5', 5],
  ['a whole number with a sign', wholeNumber({ min: -1, max: 5 }), '-1', -1],
  ['a unit', megabytes, '64', 67_108_864],
  ['a fraction', decimalNumber({ above: 1 }), '1.25', 1.25],
  ['a fraction without its zero', decimalNumber({ above: 0 }), '.5', 0.5],
  ['a whole factor', decimalNumber({ above: 1 }), '2', 2],
  ['plain bytes', bytes, '1024', 1024],
  ['kilobytes', bytes, '512k', 524_288],
  ['megabytes in a capital', bytes, '2M', 2_097_152],
  ['the largest size', bytes, '1024m', 2 ** 30],
  ['permission bits', permissionBits, '700', 0o700],
  ['permission bits with a zero in front', permissionBits, '0770', 0o770],
  ['a port', tcpPort, '11211', 11_211],
  ['port 0 as none', tcpPort, '0', null],
  ['port -1 as any', tcpPort, '-1', 0],
  ['a switch turned on', toggle, 'Yes', true],
  ['a switch turned off', toggle, 'off', false],
  ['a verbosity', verbosityLevel, '2', 2],
  ['a verbosity past the last', verbosityLevel, '7', 3],
  ['a verbosity as a switch', verbosityLevel, 'true', 1],
  [
    'addresses, each once, without blanks',
    addressList,
    '127.0.0.1:1, [::1]:2;127.0.0.1:1,',
    ['127.0.0.1:1', '[::1]:2'],
  ],
  ['a choice', oneOf(['auto', 'ascii']), 'ascii', 'ascii'],
  ['a character', oneCharacter, '.', '.'],
  ['a path', unixSocketPath, '/run/shoal.sock', '/run/shoal.sock'],
];

const REFUSED: [string, ValueRule<unknown>, string][] = [
  ['a word for a number', megabytes, 'many'],
  ['a number with a suffix that memcached would ignore', megabytes, '1g'],
  ['a number too small', megabytes, '0'],
  ['a number too large', megabytes, '101'],
  ['a fraction for a whole number', megabytes, '1.5'],
  ['a number in another base', megabytes, '0x10'],
  ['nothing for a number', megabytes, ''],
  ['a factor at its limit', decimalNumber({ above: 1 }), '1'],
  ['a ratio above its limit', decimalNumber({ above: 0, atMost: 1 }), '1.01'],
  ['a factor that is no number', decimalNumber({ above: 0 }), 'NaN'],
  ['an endless factor', decimalNumber({ above: 0 }), '1e999'],
  ['a size below the least', bytes, '1000'],
  ['a size above the most', bytes, '1025m'],
  ['a size with an unknown suffix', bytes, '1g'],
  ['a suffix alone', bytes, 'k'],
  ['permission bits that are not octal', permissionBits, '789'],
  ['permission bits beyond 777', permissionBits, '1777'],
  ['a port beyond the last', tcpPort, '65536'],
  ['a port below -1', tcpPort, '-2'],
  ['a switch neither on nor off', toggle, 'maybe'],
  ['a negative verbosity', verbosityLevel, '-1'],
  ['a list of nothing', addressList, ' ,;'],
  ['an unknown choice', oneOf(['auto', 'ascii']), 'http'],
  ['two characters', oneCharacter, '::'],
  ['a path too long for a socket', unixSocketPath, `/${'a'.repeat(107)}`],
];

describe('a value', () => {
  test.each(READ)('may be %s', (_what, rule, text, value) => {
    expect(rule.read(text)).toEqual(value);
  });

  test.each(REFUSED)('may not be %s', (_what, rule, text) => {
    expect(rule.read(text)).toBeUndefined();
    expect(rule.allowed).not.toBe('');
  });

  test('says what is allowed, with the unit and the limits', () => {
    expect(megabytes.allowed).toBe('a whole number of megabytes from 1 to 100');
    expect(decimalNumber({ above: 0, atMost: 1 }).allowed).toBe('a number above 0 and up to 1');
    expect(orList(['auto', 'ascii', 'binary'])).toBe('auto, ascii or binary');
  });
});
