/**
 * A second connection to the server under test. It removes the keys of a conversation before the next one starts, and
 * it tells when the server has looked at a piece that asks for no answer: with one worker, whatever arrived earlier on
 * another connection has been read once this one is answered.
 */

import type { NetConnectOpts } from 'node:net';
import { Conversation } from '../harness/conversation.js';
import { HEADER_BYTES } from './binary-notation.js';
import type { Block, Sent } from './document.js';

const KEY_BYTES_MAX = 250;
const DELETEQ = 0x14;
const NOOP = 0x0a;

export class Cleaner {
  readonly #conversation: Conversation;
  readonly #ascii: boolean;
  readonly #sweeps = new Map<Block, Buffer>();

  private constructor(conversation: Conversation, ascii: boolean) {
    this.#conversation = conversation;
    this.#ascii = ascii;
  }

  static async connect(address: NetConnectOpts, { ascii }: { ascii: boolean }): Promise<Cleaner> {
    return new Cleaner(await Conversation.open(address), ascii);
  }

  /** Resolves when the server has worked off everything that arrived before. */
  async sync(): Promise<void> {
    await this.#finish(Buffer.alloc(0));
  }

  async removeKeysOf(block: Block): Promise<void> {
    let sweep = this.#sweeps.get(block);
    if (sweep === undefined) {
      const keys = keysOf(block);
      sweep = Buffer.concat(keys.map((key) => (this.#ascii ? textDelete(key) : quietDelete(key))));
      this.#sweeps.set(block, sweep);
    }
    await this.#finish(sweep);
  }

  close(): void {
    this.#conversation.destroy();
  }

  async #finish(commands: Buffer): Promise<void> {
    const answers = () => this.#conversation.received;
    this.#conversation.take();
    this.#conversation.send(Buffer.concat([commands, this.#ascii ? Buffer.from('mn\r\n') : frame(NOOP)]));
    await this.#conversation.until(
      () => this.#conversation.closed || (this.#ascii ? answers().includes('MN\r\n') : endsWithNoop(answers())),
      'the cleaning connection',
    );
    if (this.#conversation.closed) throw new Error('Cannot go on: the server closed the cleaning connection');
  }
}

function frame(opcode: number, key: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header.writeUInt32BE(key.length, 8);
  return Buffer.concat([header, key]);
}

const quietDelete = (key: string) => frame(DELETEQ, Buffer.from(key, 'latin1'));
const textDelete = (key: string) => Buffer.from(`delete ${key} noreply\r\n`, 'latin1');

function endsWithNoop(answers: Buffer): boolean {
  const at = answers.length - HEADER_BYTES;
  return at >= 0 && answers[at] === 0x81 && answers[at + 1] === NOOP && answers.readUInt32BE(at + 8) === 0;
}

/** Every word behind the first of each line might be a key, as text and as base64; so might a frame's key. */
function keysOf(block: Block): string[] {
  const keys = new Set<string>();
  for (const { content } of block.lines) {
    if (content.kind === 'text' || content.kind === 'frame') for (const key of wordsOf(content)) keys.add(key);
  }
  return [...keys].filter((key) => key !== '' && key.length <= KEY_BYTES_MAX);
}

function wordsOf(content: Sent): string[] {
  const segments = content.kind === 'frame' ? (content.frame.fields.get('key') ?? []) : content.segments;
  const line = segments.map((segment) => (segment.kind === 'bytes' ? segment.bytes.toString('latin1') : '')).join('');
  if (content.kind === 'frame') return [line];
  if (line.length > 4096 && !line.includes(' ')) return [];
  const words = line
    .trim()
    .split(/[ \r\n]+/)
    .slice(1, 200);
  const decoded = words
    .filter((word) => /^[A-Za-z0-9+/]{3,}=*$/.test(word))
    .map((word) => Buffer.from(word, 'base64').toString('latin1'));
  return words.concat(decoded);
}
