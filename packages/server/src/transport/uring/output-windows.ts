/**
 * Where replies lie between their command and the moment the kernel takes them: windows over one piece of memory.
 *
 * The worker's output is one window at a time. A reply that is queued stays where it was written, and the output moves on to the next
 * window behind it, so nothing is copied; once the kernel has taken all that was queued, it begins in front again, which keeps the memory
 * in use small. Windows overlap and are made once. When the rest is too short for another full output, replies are no longer
 * queued in that turn. One thread.
 *
 *   | reply of A …… | reply of B …  |▲ output: up to OUTPUT_BYTES from here
 *     window 0        window 3        window 5
 */
import type { ByteWriter } from '@shoal/protocol';
import type { Libc, NativeMemory } from '../libc.js';

/** Windows begin this far apart. Small replies then share few cache lines' sets and need few windows. */
const STEP_BYTES = 1024;
/** How far the windows' beginnings reach. */
const QUEUE_BYTES = 1_048_576;

interface Window {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class OutputWindows {
  readonly #libc: Libc;
  readonly #output: ByteWriter;
  readonly #memory: NativeMemory;
  readonly #windows: Window[] = [];
  #current = 0;

  /** @param output the worker's; it gets windows of the size that it has now. */
  constructor(libc: Libc, output: ByteWriter) {
    const windowBytes = output.bytes.length;
    this.#libc = libc;
    this.#output = output;
    this.#memory = libc.allocate(QUEUE_BYTES + windowBytes);
    const { buffer } = this.#memory.bytes;
    for (let start = 0; start <= QUEUE_BYTES; start += STEP_BYTES) {
      const bytes = new Uint8Array(buffer, start, windowBytes);
      this.#windows.push({ bytes, view: new DataView(buffer, start, windowBytes) });
    }
    this.#show(0);
  }

  /** A reply of this many bytes may stay here until the kernel takes it. No: it has outgrown the window, or the room is used up. */
  takes(count: number): boolean {
    return this.#isWindow && this.#current + stepsOf(count) < this.#windows.length;
  }

  /** The output's first bytes have been queued and stay where they are; answers their number for `addressOf` and `bytesOf`. */
  keep(count: number): number {
    const kept = this.#current;
    this.#show(kept + stepsOf(count));
    return kept;
  }

  /** Nothing that was kept is needed any more. */
  restart(): void {
    this.#show(0);
  }

  /** Where the output's bytes are, in a window or grown out of it. */
  get outputAddress(): number {
    return this.#isWindow ? this.addressOf(this.#current) : this.#libc.addressOf(this.#output.bytes);
  }

  /** The output has been sent: it is a window again, if it had grown out of one. */
  renew(): void {
    if (!this.#isWindow) this.#show(this.#current);
  }

  addressOf(kept: number): number {
    return this.#memory.address + kept * STEP_BYTES;
  }

  bytesOf(kept: number): Uint8Array {
    return this.#windows[kept].bytes;
  }

  get #isWindow(): boolean {
    return this.#output.bytes === this.#windows[this.#current].bytes;
  }

  #show(window: number): void {
    this.#current = window;
    this.#output.bytes = this.#windows[window].bytes;
    this.#output.view = this.#windows[window].view;
  }
}

function stepsOf(count: number): number {
  return Math.ceil(count / STEP_BYTES);
}
