/**
 * One connection that uses a server as a read-through cache: gets of many keys, and a set for each that was missing.
 *
 * Used by all measurements of this folder. Gets go as lines of KEYS_PER_GET keys, all of a batch in one write; sets are
 * `noreply`, so the next batch follows them on the same connection. Every value is checked: its length and the number of its
 * key in front. One call at a time; a reply that does not fit the request, or a closed connection, rejects it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Decoded, ReplyKind, readTextReply, TextReply } from '@shoal/protocol';
import { KEY_BYTES } from './request-stream.js';

const KEYS_PER_GET = 50;
const NUMBER_DIGITS = 9;
const NUMBER_START = KEY_BYTES - NUMBER_DIGITS;
const RECEIVE_BYTES = 4 * 2 ** 20;
/** Sets of one write while filling. */
const SETS_PER_WRITE = 1000;
const ZERO = 0x30;

type OnReply = (reply: TextReply) => void;

export class CacheClient {
  readonly #socket: Socket;
  readonly #input = Buffer.allocUnsafe(RECEIVE_BYTES);
  readonly #view = new DataView(this.#input.buffer, this.#input.byteOffset, RECEIVE_BYTES);
  readonly #reply = new TextReply();
  readonly #valueBytes: (key: number) => number;
  #received = 0;
  #endsAwaited = 0;
  #onReply: OnReply = unexpected;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  private constructor(socket: Socket, valueBytes: (key: number) => number) {
    this.#socket = socket;
    this.#valueBytes = valueBytes;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#reject(error));
    socket.on('close', () => this.#reject(new Error('Cannot go on: the server closed the connection')));
  }

  static async connect(port: number, valueBytes: (key: number) => number): Promise<CacheClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new CacheClient(socket, valueBytes);
  }

  close(): void {
    this.#reject = () => {};
    this.#socket.destroy();
  }

  /** Asks for `keys`, stores those that were missing, and sets `hits[i]` to 1 where keys[i] was there. */
  async readThrough(keys: Int32Array, hits: Uint8Array): Promise<void> {
    hits.fill(0);
    let position = 0;
    await this.#exchange(getLines(keys), Math.ceil(keys.length / KEYS_PER_GET), (reply) => {
      const key = this.#checkedKey(reply);
      while (position < keys.length && keys[position] !== key) position++;
      if (position === keys.length) throw new Error(`Cannot measure: key ${key} came without being asked for`);
      hits[position++] = 1;
    });
    const missing = new Set<number>();
    for (let i = 0; i < keys.length; i++) if (hits[i] === 0) missing.add(keys[i]);
    if (missing.size > 0) this.#socket.write(this.#setLines([...missing]));
  }

  /** Stores every key; resolves when the server has taken them all. */
  async store(keys: Int32Array): Promise<void> {
    for (let at = 0; at < keys.length; at += SETS_PER_WRITE) {
      const part = keys.subarray(at, at + SETS_PER_WRITE);
      await this.#exchange(Buffer.concat([this.#setLines(part), getLines(part.subarray(0, 1))]), 1, () => {});
    }
  }

  /** `stats`, or the group of statistics with that name. */
  async statistics(group = ''): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    await this.#exchange(Buffer.from(`stats ${group}\r\n`), 1, ({ kind, keyStart, keyEnd, valueStart, valueBytes }) => {
      if (kind !== ReplyKind.STAT) return;
      found.set(this.#text(keyStart, keyEnd), this.#text(valueStart, valueStart + valueBytes));
    });
    return found;
  }

  #exchange(request: Buffer, ends: number, onReply: OnReply): Promise<void> {
    this.#onReply = onReply;
    this.#endsAwaited = ends;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  #take(chunk: Buffer): void {
    if (this.#received + chunk.length > RECEIVE_BYTES) {
      this.#socket.destroy(new Error('Cannot hold so long a reply'));
      return;
    }
    chunk.copy(this.#input, this.#received);
    this.#received += chunk.length;
    let at = 0;
    try {
      while (at < this.#received && this.#takeReply(at)) at = this.#reply.next;
    } catch (error) {
      this.#socket.destroy(error as Error);
      return;
    }
    this.#input.copyWithin(0, at, this.#received);
    this.#received -= at;
    if (this.#endsAwaited === 0) this.#resolve();
  }

  #takeReply(at: number): boolean {
    const decoded = readTextReply(this.#input, this.#view, at, this.#received, this.#reply);
    if (decoded === Decoded.NEED_MORE) return false;
    if (decoded !== Decoded.READY) throw new Error('Cannot read a reply of the server');
    const { kind } = this.#reply;
    if (kind === ReplyKind.END) this.#endsAwaited--;
    else if (kind === ReplyKind.VALUE || kind === ReplyKind.STAT) this.#onReply(this.#reply);
    else throw new Error(`Cannot measure: the server said ${this.#text(this.#reply.lineStart, this.#reply.lineEnd)}`);
    return true;
  }

  #text(start: number, end: number): string {
    return this.#input.toString('latin1', start, end);
  }

  #checkedKey({ keyStart, valueStart, valueBytes }: TextReply): number {
    let key = 0;
    for (let i = keyStart + NUMBER_START; i < keyStart + KEY_BYTES; i++) key = key * 10 + this.#input[i] - ZERO;
    if (valueBytes !== this.#valueBytes(key) || this.#view.getInt32(valueStart, true) !== key) {
      throw new Error(`Cannot measure: the value of key ${key} is not what was stored`);
    }
    return key;
  }

  #setLines(keys: ArrayLike<number>): Buffer {
    let room = 0;
    for (let i = 0; i < keys.length; i++) room += SET_LINE_ROOM_BYTES + this.#valueBytes(keys[i]);
    const lines = Buffer.alloc(room, 'v');
    let at = 0;
    for (let i = 0; i < keys.length; i++) {
      const bytes = this.#valueBytes(keys[i]);
      at += lines.write(`set ${keyText(keys[i])} 0 0 ${bytes} noreply\r\n`, at, 'latin1');
      lines.writeInt32LE(keys[i], at);
      at += bytes;
      at += lines.write('\r\n', at, 'latin1');
    }
    return lines.subarray(0, at);
  }
}

const SET_LINE_ROOM_BYTES = KEY_BYTES + 40;

function unexpected(): void {
  throw new Error('Cannot measure: a reply came without a request');
}

function keyText(key: number): string {
  return `key:${String(key).padStart(KEY_BYTES - 4, '0')}`;
}

function getLines(keys: Int32Array): Buffer {
  let lines = '';
  for (let at = 0; at < keys.length; at += KEYS_PER_GET) {
    lines += 'get';
    for (const key of keys.subarray(at, at + KEYS_PER_GET)) lines += ` ${keyText(key)}`;
    lines += '\r\n';
  }
  return Buffer.from(lines, 'latin1');
}
