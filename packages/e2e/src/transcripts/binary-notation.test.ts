import { describe, expect, test } from '@jest/globals';
import { compareResponse, encodeRequest, frameBytes, parseFrame } from './binary-notation.js';
import type { Captures } from './notation.js';

const hex = (source: string) => encodeRequest(parseFrame(source), new Map()).toString('hex');

/** A response of the wire, from its hexadecimal parts. */
const wire = (...parts: string[]) => Buffer.from(parts.join(''), 'hex');

describe('a binary frame in a transcript', () => {
  test('is the frame of the protocol document', () => {
    // protocol_binary.txt 4.2 and 4.3: Get of "Hello", Add of "Hello" = "World".
    expect(hex('GET key=Hello')).toBe('8000000500000000000000050000000000000000000000004865 6c6c6f'.replace(' ', ''));
    expect(hex('ADD key=Hello value=World flags=0xdeadbeef exptime=0xe10')).toBe(
      '80020005080000000000001200000000000000000000000 0deadbeef00000e1048656c6c6f576f726c64'.replace(' ', ''),
    );
  });

  test('carries opaque and CAS', () => {
    expect(hex('DELETE key=a opaque=0x01020304 cas=5')).toBe(`8004000100000000000000010102030400000000000000${'05'}61`);
  });

  test('can be wrong on purpose', () => {
    expect(hex('NOOP magic=0x81 keylen=2 extlen=3 bodylen=9')).toBe(`810a000203000000000000${'09'}${'00'.repeat(12)}`);
    expect(hex('SET key=a extras=none')).toBe(`80010001000000000000${'0001'}${'00'.repeat(12)}61`);
  });

  test('is complete when its body is', () => {
    expect(frameBytes(wire('8100'), 0)).toBe(0);
    expect(frameBytes(wire('810000000400000000000009', '00'.repeat(12)), 0)).toBe(33);
  });

  test('is compared field by field', () => {
    const answer = wire('810000000400000000000009', '00000000', '0000000000000007', 'deadbeef', '576f726c64');
    const captures: Captures = new Map();
    const difference = (source: string) => compareResponse(parseFrame(source), answer, captures);
    expect(difference('GET flags=0xdeadbeef value=World cas={c=int}')).toBeNull();
    expect(captures.get('c')).toBe(7n);
    expect(difference('GET flags=0xdeadbeef value=World cas={c}')).toBeNull();
    expect(difference('GET flags=0xdeadbeef value=World')).toContain('cas');
    expect(difference('GET flags=1 value=World cas=7')).toContain('extras');
    expect(difference('GET flags=0xdeadbeef value=Worl cas=7')).toContain('value');
    expect(difference('GETK flags=0xdeadbeef value=World cas=7')).toContain('opcode');
    expect(difference('GET status=not-found flags=0xdeadbeef value=World cas=7')).toContain('status');
  });
});
