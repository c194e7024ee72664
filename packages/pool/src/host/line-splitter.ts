/**
 * Cuts a stream of text into its lines, and holds no more than one line of a bounded length.
 *
 * Both ends of the host's socket read their messages with it, and the host reads what its nodes print. A line that is
 * longer than the bound is told once and passed over up to its end.
 */
export interface LineSplitterParts {
  readonly charsMax: number;
  readonly onLine: (line: string) => void;
  readonly onTooLong?: () => void;
}

export class LineSplitter {
  readonly #parts: LineSplitterParts;
  #held = '';
  #isSkipping = false;

  constructor(parts: LineSplitterParts) {
    this.#parts = parts;
  }

  push(chunk: string): void {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#add(chunk.slice(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#add(chunk.slice(start));
  }

  /** The stream has ended: what is held is a line, too. */
  end(): void {
    if (this.#held !== '') this.#endLine();
  }

  #add(text: string): void {
    if (this.#isSkipping) return;
    if (this.#held.length + text.length <= this.#parts.charsMax) {
      this.#held += text;
      return;
    }
    this.#held = '';
    this.#isSkipping = true;
    this.#parts.onTooLong?.();
  }

  #endLine(): void {
    const line = this.#held;
    this.#held = '';
    if (this.#isSkipping) this.#isSkipping = false;
    else this.#parts.onLine(line);
  }
}
