// The keys and values of a run, derived from a number, so that no table of them is needed and every byte of a reply can be foretold.
//   key    "shoal-bench-" + value size (8 digits) + "-key" or "-not" (never stored) + number (8 hex digits)      32 bytes
//   flags  number % 10, one digit, so that every reply of a workload has the same length
//   value  number (8 hex digits, when the value is long enough) + a slice of random bytes, CR LF and NUL among them
// Used by template.ts on the hot path. The pattern is the same for all runs: a value left by an earlier run is still right.
import type { Memory } from './memory.js';
import { Random } from './random.js';

export const KEY_BYTES = 32;
export const KEY_PREFIX_BYTES = 24;
export const NUMBER_BYTES = 8;
const PATTERN_STARTS = 4096;
const PATTERN_SEED = 0x5ba1;
const HEX = Buffer.from('0123456789abcdef');
const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => HEX[byte >> 4] | (HEX[byte & 15] << 8));

export class KeySpace {
  readonly memory: Memory;
  readonly valueBytes: number;
  private readonly patternAt: number;

  constructor(memory: Memory, valueBytes: number) {
    this.memory = memory;
    this.valueBytes = valueBytes;
    this.patternAt = memory.carve(KeySpace.memoryBytes(valueBytes));
    const random = new Random(PATTERN_SEED);
    const end = this.patternAt + PATTERN_STARTS + valueBytes;
    for (let at = this.patternAt; at < end; at++) memory.bytes[at] = random.below(256);
  }

  static memoryBytes(valueBytes: number): number {
    return PATTERN_STARTS + valueBytes;
  }

  /** The first 24 bytes of every key of this space. */
  prefix(stored: boolean): string {
    return `shoal-bench-${String(this.valueBytes).padStart(8, '0')}${stored ? '-key' : '-not'}`;
  }

  writeNumber(at: number, key: number): void {
    const { view } = this.memory;
    view.setUint16(at, HEX_PAIRS[(key >>> 24) & 255], true);
    view.setUint16(at + 2, HEX_PAIRS[(key >>> 16) & 255], true);
    view.setUint16(at + 4, HEX_PAIRS[(key >>> 8) & 255], true);
    view.setUint16(at + 6, HEX_PAIRS[key & 255], true);
  }

  writeValue(at: number, key: number): void {
    const start = Math.imul(key, 0x9e3779b1) >>> 20;
    this.memory.words.copy(at, this.patternAt + start, this.valueBytes);
    if (this.valueBytes >= NUMBER_BYTES) this.writeNumber(at, key);
  }
}

export function flagsOf(key: number): number {
  return key % 10;
}
