/**
 * The words of an administrative text command, as strings and numbers by memcached's rules.
 *
 * Only for commands that are rare: it allocates. Word 0 is the command's name; at most 23 words are seen
 * (TOKENS_MAX). Numbers follow memcached's tokenizer (mcmc.c): digits only, 11 characters at most.
 */
import { type ParsedNumber, parseInt32, parseUint32 } from '@shoal/protocol';
import type { WorkerContext } from '../worker-context.js';

const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FLOAT_CHARACTERS_MAX = 31;

export class Words {
  readonly #words: readonly Buffer[];

  constructor(words: readonly Buffer[]) {
    this.#words = words;
  }

  get count(): number {
    return this.#words.length;
  }

  text(index: number): string {
    return this.#words[index]?.toString('latin1') ?? '';
  }

  /**
   * Whether word `index` is `name` or its beginning: how memcached knows its subcommands (it compares the length
   * given), so that `stats s` means settings.
   */
  isShortFor(index: number, name: string): boolean {
    return index < this.#words.length && name.startsWith(this.text(index));
  }

  /** Null if there is no such word or it is no uint32. */
  uint32(index: number): number | null {
    return this.#parse(index, parseUint32, (low) => low >>> 0);
  }

  int32(index: number): number | null {
    return this.#parse(index, parseInt32, (low) => low);
  }

  float(index: number): number | null {
    const text = this.text(index);
    return text.length <= FLOAT_CHARACTERS_MAX && FLOAT.test(text) ? Number(text) : null;
  }

  #parse(
    index: number,
    parse: (input: Uint8Array, start: number, end: number, out: ParsedNumber) => boolean,
    read: (low: number) => number,
  ): number | null {
    const word = this.#words[index];
    const number = { low: 0, high: 0 };
    return word !== undefined && parse(word, 0, word.length, number) ? read(number.low) : null;
  }
}

/** The words of the command in worker.request. */
export function wordsOf(worker: WorkerContext): Words {
  const { request, input } = worker;
  const words = [];
  for (let index = 0; index < request.tokenCount; index++) {
    words.push(Buffer.from(input.subarray(request.tokenStarts[index], request.tokenEnds[index])));
  }
  return new Words(words);
}
