// Compares what a server sent with what it had to send, byte by byte, in whatever pieces it arrives. Called by load-loop.ts for every piece.
// Only the CAS of binary replies is passed over: it is blanked in the received bytes before the comparison.
// The piece lies in the shared receive area; `filled` says how many bytes of the batch's replies were right before it.
import { CAS_AT, HEADER_BYTES } from './binary-exchanges.js';
import type { Memory } from './memory.js';

const BODY_BYTES_AT = 8;
const CONTEXT_BYTES = 48;
const HEX_ROW_BYTES = 16;
export const ALL_RIGHT = -1;

export interface Piece {
  /** The replies of the whole batch as they must be. */
  expectedAt: number;
  expectedBytes: number;
  /** Bytes of them that have arrived before this piece. */
  filled: number;
  receivedAt: number;
  receivedBytes: number;
}

export class ReplyChecker {
  private readonly memory: Memory;
  private readonly isBinary: boolean;

  constructor(memory: Memory, isBinary: boolean) {
    this.memory = memory;
    this.isBinary = isBinary;
  }

  /** ALL_RIGHT, or the index within the piece of the first byte that is wrong (or one too many). */
  firstWrong(piece: Piece): number {
    if (this.isBinary) this.blankCas(piece);
    const left = piece.expectedBytes - piece.filled;
    const count = Math.min(piece.receivedBytes, left);
    const expected = piece.expectedAt + piece.filled;
    if (!this.memory.words.isEqual(piece.receivedAt, expected, count)) {
      const { bytes } = this.memory;
      let wrong = 0;
      while (bytes[piece.receivedAt + wrong] === bytes[expected + wrong]) wrong++;
      return wrong;
    }
    return piece.receivedBytes > left ? left : ALL_RIGHT;
  }

  /** Both sides around the wrong byte, in hex and ASCII. */
  describe(piece: Piece, wrong: number): string {
    const { bytes } = this.memory;
    const at = piece.filled + wrong;
    const from = Math.max(0, wrong - CONTEXT_BYTES);
    const expectedEnd = Math.min(piece.expectedBytes, at + CONTEXT_BYTES);
    const receivedEnd = Math.min(piece.receivedBytes, wrong + CONTEXT_BYTES);
    const expected = bytes.subarray(piece.expectedAt + piece.filled + from, piece.expectedAt + expectedEnd);
    const received = bytes.subarray(piece.receivedAt + from, piece.receivedAt + receivedEnd);
    return [
      `byte ${at} of the ${piece.expectedBytes} that had to come is wrong${wrong === from ? '' : ` (first shown: ${piece.filled + from})`}`,
      'expected:',
      ...hexRows(expected, piece.filled + from),
      'received:',
      ...hexRows(received, piece.filled + from),
    ].join('\n');
  }

  /** Walks the expected headers, because only those are known to be sound. */
  private blankCas(piece: Piece): void {
    const { bytes, view } = this.memory;
    const { filled, receivedAt, receivedBytes, expectedAt, expectedBytes } = piece;
    const end = Math.min(filled + receivedBytes, expectedBytes);
    for (let reply = 0; reply < end; ) {
      const from = Math.max(reply + CAS_AT, filled);
      const to = Math.min(reply + HEADER_BYTES, end);
      for (let at = from; at < to; at++) bytes[receivedAt + at - filled] = 0;
      reply += HEADER_BYTES + view.getUint32(expectedAt + reply + BODY_BYTES_AT);
    }
  }
}

function hexRows(bytes: Buffer, firstOffset: number): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_ROW_BYTES) {
    const row = bytes.subarray(at, at + HEX_ROW_BYTES);
    const hex = row.toString('hex').replace(/..(?=.)/g, '$& ');
    const ascii = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    rows.push(`  ${String(firstOffset + at).padStart(6)}  ${hex.padEnd(HEX_ROW_BYTES * 3)} ${ascii}`);
  }
  return rows.length > 0 ? rows : ['  (nothing)'];
}
