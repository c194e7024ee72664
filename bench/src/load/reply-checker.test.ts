import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CAS_AT, HEADER_BYTES } from './binary-exchanges.js';
import { KeySpace } from './key-space.js';
import { Memory } from './memory.js';
import { Random } from './random.js';
import { ALL_RIGHT, type Piece, ReplyChecker } from './reply-checker.js';
import { BatchComposer, DIALECTS, type DialectName, VERBS, type Verb } from './workload.js';

const MEMORY_BYTES = 1 << 20;
const ROOM_BYTES = 128 * 1024;

/** A composed batch and a "server" that sends exactly the right replies, unless a test tampers with them. */
class Bench {
  readonly memory = new Memory(MEMORY_BYTES);
  readonly checker: ReplyChecker;
  readonly requests: Buffer;
  readonly replies: Buffer;
  private readonly isBinary: boolean;
  private readonly expectedAt: number;
  private readonly receivedAt: number;

  constructor(verb: Verb, dialect: DialectName, more: { valueBytes?: number; seed?: number } = {}) {
    const keys = new KeySpace(this.memory, more.valueBytes ?? 100);
    const workload = { verb, dialect, depth: 3, keysPerGet: 5, valueBytes: more.valueBytes ?? 100 };
    const composer = new BatchComposer(keys, workload, { random: new Random(more.seed ?? 1), keyCount: 1000 });
    const requestAt = this.memory.carve(ROOM_BYTES);
    this.expectedAt = this.memory.carve(ROOM_BYTES);
    this.receivedAt = this.memory.carve(ROOM_BYTES);
    composer.compose(requestAt, this.expectedAt);
    this.isBinary = composer.isBinary;
    this.checker = new ReplyChecker(this.memory, composer.isBinary);
    this.requests = this.memory.bytes.subarray(requestAt, composer.requestEnd);
    this.replies = Buffer.from(this.memory.bytes.subarray(this.expectedAt, composer.replyEnd));
  }

  piece(filled: number, sent: Buffer): Piece {
    sent.copy(this.memory.bytes, this.receivedAt);
    const expectedBytes = this.replies.length;
    return {
      expectedAt: this.expectedAt,
      expectedBytes,
      filled,
      receivedAt: this.receivedAt,
      receivedBytes: sent.length,
    };
  }

  /** Index in the whole of the first byte found wrong when `sent` arrives cut at `cuts`; ALL_RIGHT when none. */
  check(sent: Buffer, cuts: readonly number[] = []): number {
    let filled = 0;
    for (const end of [...cuts.filter((cut) => cut > 0 && cut < sent.length).sort((a, b) => a - b), sent.length]) {
      const wrong = this.checker.firstWrong(this.piece(filled, sent.subarray(filled, end)));
      if (wrong !== ALL_RIGHT) return filled + wrong;
      filled = end;
    }
    return ALL_RIGHT;
  }

  /** Starts of the replies, known for binary only. */
  casOffsets(): number[] {
    const offsets: number[] = [];
    for (
      let at = 0;
      this.isBinary && at < this.replies.length;
      at += HEADER_BYTES + this.replies.readUInt32BE(at + 8)
    ) {
      for (let i = CAS_AT; i < HEADER_BYTES; i++) offsets.push(at + i);
    }
    return offsets;
  }
}

const everyWorkload = VERBS.flatMap((verb) => DIALECTS.map((dialect) => ({ verb, dialect })));

describe.each(everyWorkload)('ReplyChecker on $dialect $verb', ({ verb, dialect }) => {
  test('accepts the right replies in whatever pieces they come', () => {
    const bench = new Bench(verb, dialect);
    fc.assert(
      fc.property(fc.array(fc.nat(bench.replies.length), { maxLength: 5 }), (cuts) => {
        expect(bench.check(bench.replies, cuts)).toBe(ALL_RIGHT);
      }),
    );
  });

  test('finds any single wrong byte, wherever the pieces are cut', () => {
    const bench = new Bench(verb, dialect);
    const passedOver = new Set(bench.casOffsets());
    const places = Array.from(bench.replies.keys()).filter((at) => !passedOver.has(at));
    const wrong = fc.record({ at: fc.constantFrom(...places), flip: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(wrong, fc.array(fc.nat(bench.replies.length), { maxLength: 3 }), ({ at, flip }, cuts) => {
        const sent = Buffer.from(bench.replies);
        sent[at] ^= flip;
        expect(bench.check(sent, cuts)).toBe(at);
      }),
    );
  });

  test('finds one byte too many', () => {
    const bench = new Bench(verb, dialect);
    expect(bench.check(Buffer.concat([bench.replies, Buffer.from('x')]))).toBe(bench.replies.length);
  });
});

describe('ReplyChecker', () => {
  test('passes over the CAS of binary replies, and over nothing else', () => {
    const bench = new Bench('get', 'binary');
    const sent = Buffer.from(bench.replies);
    for (const at of bench.casOffsets()) sent[at] = 0xff;
    for (let cut = 1; cut < 60; cut++) expect(bench.check(Buffer.from(sent), [cut])).toBe(ALL_RIGHT);
  });

  test('finds a wrong byte in values compared natively', () => {
    const bench = new Bench('get', 'text', { valueBytes: 8000 });
    const sent = Buffer.from(bench.replies);
    sent[20_000] ^= 1;
    expect(bench.check(sent)).toBe(20_000);
  });

  test('finds two replies that change places', () => {
    for (const dialect of ['text', 'meta', 'binary'] as const) {
      const bench = new Bench('get', dialect);
      const half = bench.replies.length / 3;
      const swapped = [half, 0, 2 * half].map((at) => bench.replies.subarray(at, at + half));
      expect(bench.check(Buffer.concat(swapped))).not.toBe(ALL_RIGHT);
    }
  });

  test('finds an error in place of a value', () => {
    expect(new Bench('get', 'text').check(Buffer.from('SERVER_ERROR out of memory\r\n'))).toBe(0);
    expect(new Bench('mget', 'text').check(Buffer.from('END\r\n'))).toBe(0);
    expect(new Bench('mget', 'meta').check(Buffer.from('MN\r\n'))).toBe(0);
  });

  test('shows both sides in hex around the wrong byte', () => {
    const bench = new Bench('set', 'text');
    const piece = bench.piece(0, Buffer.from('STORED\r\nSTORID\r\n'));
    const shown = bench.checker.describe(piece, bench.checker.firstWrong(piece));
    expect(shown).toContain('byte 12 of the 24');
    expect(shown).toContain('53 54 4f 52 49 44 0d 0a');
    expect(shown).toContain('STORED..STORID..');
  });
});

describe('BatchComposer', () => {
  test('writes the commands that the protocol documents show', () => {
    const key = '[ -~]{32}';
    expect(new Bench('get', 'text').requests.toString('latin1')).toMatch(new RegExp(`^(get ${key}\r\n){3}$`));
    expect(new Bench('mget', 'text').requests.toString('latin1')).toMatch(new RegExp(`^(get( ${key}){5}\r\n){3}$`));
    expect(new Bench('mget', 'meta').requests.toString('latin1')).toMatch(
      new RegExp(`^((mg ${key} k f v q\r\n){5}mn\r\n){3}$`),
    );
  });

  test('writes the same batch for the same seed and another for another', () => {
    const batch = (seed: number): Buffer => new Bench('mix', 'text', { seed }).requests;
    expect(batch(7).equals(batch(7))).toBe(true);
    expect(batch(7).equals(batch(8))).toBe(false);
  });
});
