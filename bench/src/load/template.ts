// Requests and replies as pictures: head, then perhaps a value, then tail, where only the key's number, the flags and the opaque differ.
// A dialect is nothing but a set of these (text-, meta-, binary-exchanges.ts); stamp() is the whole hot path of composing,
// and because the reply is stamped as well, checking a reply is one comparison of bytes that no wrong byte survives.
// Positions are offsets from the start of the picture; -1 = this picture has none.
import { flagsOf, KEY_BYTES, type KeySpace, NUMBER_BYTES } from './key-space.js';
import type { Memory } from './memory.js';

export interface Picture {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly hasValue: boolean;
  /** Where the 8 hex digits of the key stand in the head. */
  readonly numberAt: number;
  /** Where the flags stand in the head, and what is added to them: 48 makes a digit, 0 a byte. */
  readonly flagsAt: number;
  readonly flagsBase: number;
  readonly opaqueAt: number;
}

/** A request and the reply that it must bring. */
export interface Exchange {
  readonly request: Picture;
  readonly reply: Picture;
}

export interface DialectExchanges {
  readonly get: Exchange;
  readonly set: Exchange;
  /** A get of a key that was never stored. */
  readonly miss: Exchange;
  /** A get of many keys: open, each key, close. */
  readonly manyOpen: Exchange;
  readonly manyEach: Exchange;
  readonly manyClose: Exchange;
  /** Replies carry a CAS value that nobody can foretell. */
  readonly isBinary: boolean;
}

/** The picture of a line; `{key}` and `{flags}` mark the key and the one flags digit, what follows `{value}` is the tail. */
export function textPicture(pattern: string, keyPrefix: string): Picture {
  const [before, after] = pattern.split('{value}');
  const withKey = before.replace('{key}', `${keyPrefix}${'0'.repeat(NUMBER_BYTES)}`);
  const keyAt = before.replace('{flags}', '0').indexOf('{key}');
  return {
    head: Buffer.from(withKey.replace('{flags}', '0'), 'latin1'),
    tail: Buffer.from(after ?? '', 'latin1'),
    hasValue: after !== undefined,
    numberAt: keyAt < 0 ? -1 : keyAt + KEY_BYTES - NUMBER_BYTES,
    flagsAt: withKey.indexOf('{flags}'),
    flagsBase: 48,
    opaqueAt: -1,
  };
}

export class Template {
  readonly bytes: number;
  private readonly keys: KeySpace;
  private readonly memory: Memory;
  private readonly at: number;
  private readonly headBytes: number;
  private readonly tailBytes: number;
  private readonly valueBytes: number;
  private readonly numberAt: number;
  private readonly flagsAt: number;
  private readonly flagsBase: number;
  private readonly opaqueAt: number;

  constructor(keys: KeySpace, picture: Picture) {
    this.keys = keys;
    this.memory = keys.memory;
    this.headBytes = picture.head.length;
    this.tailBytes = picture.tail.length;
    this.valueBytes = picture.hasValue ? keys.valueBytes : 0;
    this.bytes = this.headBytes + this.valueBytes + this.tailBytes;
    this.numberAt = picture.numberAt;
    this.flagsAt = picture.flagsAt;
    this.flagsBase = picture.flagsBase;
    this.opaqueAt = picture.opaqueAt;
    this.at = this.memory.carve(this.headBytes + this.tailBytes);
    this.memory.bytes.set(picture.head, this.at);
    this.memory.bytes.set(picture.tail, this.at + this.headBytes);
  }

  /** Writes the picture for `key` at `to` and returns the offset behind it. */
  stamp(to: number, key: number, opaque: number): number {
    const { memory, headBytes, valueBytes, tailBytes } = this;
    const { words } = memory;
    words.copy(to, this.at, headBytes);
    if (this.numberAt >= 0) this.keys.writeNumber(to + this.numberAt, key);
    if (this.flagsAt >= 0) memory.bytes[to + this.flagsAt] = this.flagsBase + flagsOf(key);
    if (this.opaqueAt >= 0) memory.view.setInt32(to + this.opaqueAt, opaque);
    if (valueBytes > 0) this.keys.writeValue(to + headBytes, key);
    if (tailBytes > 0) words.copy(to + headBytes + valueBytes, this.at + headBytes, tailBytes);
    return to + this.bytes;
  }
}
