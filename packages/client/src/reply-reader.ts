/**
 * Reads what a node sends, however the network cut it: one reply a line, with its data block if it has one.
 *
 * A Connection feeds it every chunk; for each reply it calls the sink, which reads the fields of this object and keeps
 * nothing of them: `bytes` may be the socket's own receive buffer. A reply that lies whole in one chunk is never copied;
 * a line that was cut is held (at most LINE_BYTES_MAX), a block that was cut gets a buffer of its own length, at most
 * maxValueBytes. Hot path: small integers and one switch, nothing allocated.
 */

/** The first two bytes of a line as one number. */
export const Code = {
  /** VALUE of meta: a data block follows. */
  VA: 0x5641,
  /** Stored, found, deleted. */
  HD: 0x4844,
  /** A miss; and END of stats. */
  EN: 0x454e,
  NF: 0x4e46,
  NS: 0x4e53,
  EX: 0x4558,
  MN: 0x4d4e,
  OK: 0x4f4b,
  /** RESET. */
  RE: 0x5245,
  /** STAT. */
  ST: 0x5354,
  /** ERROR. */
  ER: 0x4552,
  /** CLIENT_ERROR. */
  CL: 0x434c,
  /** SERVER_ERROR. */
  SE: 0x5345,
} as const;

export interface ReplySink {
  onReply(reply: ReplyReader): void;
  /** Called once; nothing is read afterwards. */
  onMalformed(reason: string): void;
}

const State = { LINE: 0, BLOCK: 1, STOPPED: 2 } as const;
type State = (typeof State)[keyof typeof State];

const LINE_BYTES_MAX = 8192;
const BLOCK_END_BYTES = 2;
const LF = 10;
const CR = 13;
const BLANK = 32;
const ZERO = 48;
const LETTER_C = 99;
const LETTER_F = 102;
const LETTER_W = 87;
const LETTER_X = 88;
const LETTER_Z = 90;

export class ReplyReader {
  code = 0;
  /** Holds the value, if there is one. */
  bytes: Buffer = Buffer.alloc(0);
  valueStart = 0;
  valueEnd = 0;
  clientFlags = 0;
  /** The CAS in decimal; empty unless asked for. */
  cas = '';
  isWon = false;
  isStale = false;
  isWonByAnother = false;
  /** The line of any reply without a block, without its end. */
  lineStart = 0;
  lineEnd = 0;

  #state: State = State.LINE;
  readonly #sink: ReplySink;
  readonly #maxValueBytes: number;
  /** For lines that were cut; made when the first one is. */
  #lineBuffer: Buffer | null = null;
  #held: Buffer | null = null;
  #heldBytes = 0;
  #blockBytes = 0;

  constructor(sink: ReplySink, maxValueBytes: number) {
    this.#sink = sink;
    this.#maxValueBytes = maxValueBytes;
  }

  /** The line of a reply without a block: an error's wording, a row of stats. */
  lineText(): string {
    return this.bytes.toString('latin1', this.lineStart, this.lineEnd);
  }

  /** Nothing more is read, also of the chunk that is being read. */
  stop(): void {
    this.#state = State.STOPPED;
    this.#held = null;
  }

  /** Takes in chunk[0..end). */
  feed(chunk: Buffer, end: number): void {
    let at = 0;
    while (at < end) {
      switch (this.#state) {
        case State.LINE:
          at = this.#readLine(chunk, at, end);
          break;
        case State.BLOCK:
          at = this.#readBlock(chunk, at, end);
          break;
        default:
          return;
      }
    }
  }

  #readLine(chunk: Buffer, start: number, end: number): number {
    let lineFeed = start;
    while (lineFeed < end && chunk[lineFeed] !== LF) lineFeed++;
    if (lineFeed === end || this.#held !== null) return this.#readCutLine(chunk, start, end, lineFeed);
    this.#openLine(chunk, start, lineFeed);
    if (this.code !== Code.VA) return this.#emit(lineFeed + 1);
    const next = lineFeed + 1;
    const valueEnd = next + this.#blockBytes;
    if (valueEnd + BLOCK_END_BYTES > end) return this.#openBlock(chunk, next, end);
    return this.#emitBlock(chunk, next, valueEnd, valueEnd + BLOCK_END_BYTES);
  }

  /** The line began in an earlier chunk, or does not end in this one. */
  #readCutLine(chunk: Buffer, start: number, end: number, lineFeed: number): number {
    this.#lineBuffer ??= Buffer.allocUnsafe(LINE_BYTES_MAX);
    this.#held = this.#lineBuffer;
    const upTo = lineFeed === end ? end : lineFeed + 1;
    if (this.#heldBytes + upTo - start > LINE_BYTES_MAX) return this.#malformed('a line does not end', end);
    this.#heldBytes += chunk.copy(this.#held, this.#heldBytes, start, upTo);
    if (lineFeed === end) return end;
    const lineBytes = this.#heldBytes - 1;
    const held = this.#held;
    this.#held = null;
    this.#heldBytes = 0;
    this.#openLine(held, 0, lineBytes);
    return this.code === Code.VA ? this.#openBlock(chunk, upTo, end) : this.#emit(upTo);
  }

  /** The line is bytes[start..lineFeed), perhaps with a CR at its end. */
  #openLine(bytes: Buffer, start: number, lineFeed: number): void {
    const end = lineFeed > start && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    this.bytes = bytes;
    this.lineStart = start;
    this.lineEnd = end;
    this.code = end - start < 2 ? 0 : (bytes[start] << 8) | bytes[start + 1];
    this.valueStart = 0;
    this.valueEnd = 0;
    this.#clearFlags();
    if (this.code === Code.VA) this.#readValueLine(bytes, start + 2, end);
    else if (this.code === Code.HD && end - start > 2) this.#readFlags(bytes, start + 2, end);
  }

  #clearFlags(): void {
    this.clientFlags = 0;
    this.cas = '';
    this.isWon = false;
    this.isStale = false;
    this.isWonByAnother = false;
  }

  #readValueLine(bytes: Buffer, start: number, end: number): void {
    let at = start + 1;
    let length = 0;
    for (; at < end && bytes[at] !== BLANK; at++) length = readDigit(length, bytes[at]);
    if (bytes[start] !== BLANK || at === start + 1 || !(length <= this.#maxValueBytes)) length = -1;
    this.#blockBytes = length;
    this.#readFlags(bytes, at, end);
  }

  /** Flags from a blank on; those that nobody asked for are passed over. */
  #readFlags(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (bytes[at] === BLANK) {
        at++;
        continue;
      }
      const letter = bytes[at++];
      const argument = at;
      while (at < end && bytes[at] !== BLANK) at++;
      switch (letter) {
        case LETTER_F:
          this.clientFlags = readNumber(bytes, argument, at);
          break;
        case LETTER_C:
          this.cas = bytes.toString('latin1', argument, at);
          break;
        case LETTER_W:
          this.isWon = true;
          break;
        case LETTER_X:
          this.isStale = true;
          break;
        case LETTER_Z:
          this.isWonByAnother = true;
          break;
        default:
      }
    }
  }

  /** The block does not end in this chunk: it gets a buffer of its own. */
  #openBlock(chunk: Buffer, start: number, end: number): number {
    if (this.#blockBytes < 0) return this.#malformed('the length of a value is wrong or above the limit', end);
    this.#held = Buffer.allocUnsafe(this.#blockBytes + BLOCK_END_BYTES);
    this.#heldBytes = 0;
    this.#state = State.BLOCK;
    return this.#readBlock(chunk, start, end);
  }

  #readBlock(chunk: Buffer, start: number, end: number): number {
    const block = this.#held as Buffer;
    const next = Math.min(end, start + block.length - this.#heldBytes);
    this.#heldBytes += chunk.copy(block, this.#heldBytes, start, next);
    if (this.#heldBytes < block.length) return next;
    this.#state = State.LINE;
    this.#held = null;
    this.#heldBytes = 0;
    return this.#emitBlock(block, 0, this.#blockBytes, next);
  }

  #emitBlock(bytes: Buffer, start: number, end: number, next: number): number {
    if (end < start) return this.#malformed('the length of a value is wrong or above the limit', next);
    if (bytes[end] !== CR || bytes[end + 1] !== LF)
      return this.#malformed('a value does not end where it should', next);
    this.bytes = bytes;
    this.valueStart = start;
    this.valueEnd = end;
    return this.#emit(next);
  }

  #emit(next: number): number {
    this.#sink.onReply(this);
    return next;
  }

  #malformed(reason: string, next: number): number {
    this.stop();
    this.#sink.onMalformed(reason);
    return next;
  }
}

/** NaN from the first byte on that is no digit. */
function readDigit(number: number, byte: number): number {
  const digit = byte - ZERO;
  return digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN;
}

function readNumber(bytes: Buffer, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = readDigit(number, bytes[at]);
  return number;
}
