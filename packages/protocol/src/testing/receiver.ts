/**
 * A session in miniature for tests: receives bytes, decodes them, and tells in words what each command was.
 *
 * It throws away what a decoder says is to be thrown away, and takes data blocks, as the server's session does, but
 * executes nothing. Around the received bytes lies poison that differs from run to run: a decoder that looks at it
 * tells different stories.
 */

import { Decoded } from '../decoded.js';
import { decode, decodeMoreKeys } from '../decoder.js';
import { INPUT_SCRATCH_BYTES } from '../limits.js';
import { Dialect, Op, Request } from '../request.js';
import { BINARY_TEXTS, STATUS_LINES } from '../status.js';
import { NextKey, nextKey, skipLine } from '../text/tokens.js';
import { bytesOf, keyOf, tell, textOf } from './story.js';

/** Bytes before and behind the received ones. */
const MARGIN_BYTES = 32;

export interface Hearing {
  readonly dialect?: number;
  /** The byte that fills the buffer outside of what was received. */
  readonly poison?: number;
  /** After so many bytes the receiver has to make do with what it has, before it gets the rest. */
  readonly cutAt?: number;
}

/** What a server makes of these bytes: a line for each command, `(more)` at the end if the last one is not whole. */
export function hear(sent: Uint8Array | string, hearing: Hearing = {}): string[] {
  const bytes = typeof sent === 'string' ? bytesOf(sent) : sent;
  const receiver = new Receiver(bytes, hearing);
  if (hearing.cutAt !== undefined) receiver.runTo(hearing.cutAt);
  receiver.runTo(bytes.length);
  return receiver.isWaiting ? [...receiver.heard, '(more)'] : receiver.heard;
}

class Receiver {
  readonly heard: string[] = [];
  isWaiting = false;
  private readonly input: Uint8Array;
  private readonly view: DataView;
  private readonly request = new Request();
  private readonly bytes: Uint8Array;
  private readonly dialect: number;
  private at = MARGIN_BYTES;
  private closed = false;
  private inKeys = false;
  private pendingStatus = -1;
  private keys: string[] = [];

  constructor(bytes: Uint8Array, { dialect = Dialect.TEXT, poison = 0x20 }: Hearing) {
    this.bytes = bytes;
    this.dialect = dialect;
    this.input = new Uint8Array(bytes.length + 2 * MARGIN_BYTES + INPUT_SCRATCH_BYTES).fill(poison);
    this.view = new DataView(this.input.buffer);
  }

  /** The first `count` bytes have arrived. */
  runTo(count: number): void {
    this.input.set(this.bytes.subarray(0, count), MARGIN_BYTES);
    const end = MARGIN_BYTES + count;
    this.isWaiting = false;
    while (this.at < end && !this.closed && !this.isWaiting) this.step(end);
  }

  private step(end: number): void {
    const { input, view, request } = this;
    if (this.pendingStatus >= 0) {
      this.discardLine(end);
      return;
    }
    const decoded = this.inKeys
      ? decodeMoreKeys(input, view, this.at, end, request)
      : decode(this.dialect, input, view, this.at, end, request);
    this.see(decoded, end);
  }

  private see(decoded: Decoded, end: number): void {
    const { request } = this;
    const hasNext = decoded !== Decoded.NEED_MORE && decoded !== Decoded.CLOSE;
    if (hasNext && request.next > end) this.heard.push('(looked behind the end)');
    switch (decoded) {
      case Decoded.NEED_MORE:
        this.isWaiting = true;
        return;
      case Decoded.CLOSE:
        this.heard.push('(close)');
        this.closed = true;
        return;
      case Decoded.ERROR:
        this.refused(end);
        return;
      case Decoded.PARTIAL_KEYS:
        this.collectKeys();
        this.inKeys = true;
        this.at = request.next;
        return;
      default:
        this.ready(end);
    }
  }

  private refused(end: number): void {
    const { request } = this;
    this.keys = [];
    this.inKeys = false;
    if (request.swallowLine) {
      this.pendingStatus = request.status;
      this.at = request.next;
      return;
    }
    const next = request.next + request.swallowBytes;
    if (next > end) {
      this.isWaiting = true;
      return;
    }
    this.at = next;
    this.answer(request.status);
    if (request.closes) {
      this.heard.push('(close)');
      this.closed = true;
    }
  }

  private discardLine(end: number): void {
    const next = skipLine(this.input, this.view, this.at, end);
    this.at = next < 0 ? end : next;
    if (next < 0) return;
    this.answer(this.pendingStatus);
    this.pendingStatus = -1;
  }

  private answer(status: number): void {
    const text = this.dialect === Dialect.BINARY ? BINARY_TEXTS[status] : STATUS_LINES[status];
    this.heard.push(this.request.noreply ? '(silence)' : textOf(text).replace(/\r\n$/, ''));
  }

  private ready(end: number): void {
    const { input, request } = this;
    const block = this.blockBytes();
    if (request.next + block > end) {
      this.isWaiting = true;
      return;
    }
    if (request.op <= Op.GATS && request.dialect === Dialect.TEXT) this.collectKeys();
    this.heard.push(tell(input, request, this.keys));
    this.keys = [];
    this.inKeys = false;
    this.at = request.next + block;
  }

  /** Bytes of the data block and its end. */
  private blockBytes(): number {
    const { op, swallowBytes } = this.request;
    const isStorage = (op >= Op.SET && op <= Op.CAS) || op === Op.META_SET || op === Op.CONFIG_SET;
    return isStorage ? swallowBytes : 0;
  }

  private collectKeys(): void {
    const { input, view, request } = this;
    if (!this.inKeys) this.keys.push(keyOf(input, request));
    let found: NextKey = NextKey.NONE;
    for (let from = request.restStart; ; from = request.keyEnd) {
      found = nextKey(input, view, from, request);
      if (found !== NextKey.FOUND) break;
      this.keys.push(keyOf(input, request));
    }
    if (found === NextKey.TOO_LONG) this.keys.push('(too long)');
  }
}
