/**
 * The buffers that the kernel receives into: a group of equal ones, handed to it in a ring of its own (a "provided buffer ring").
 *
 * The kernel takes the next buffer when bytes come, so a connection that is silent holds none. A buffer serves as worker.input
 * while its bytes are served, which is why the protocol's scratch lies behind it; then it goes back to the end of the ring.
 * When all are taken, receiving stops with ENOBUFS and is begun again. One thread.
 *
 *   ring of entries (address, length, number), registered with the kernel
 *   buffers   | received bytes … | scratch | received bytes … | scratch | …
 */
import { INPUT_SCRATCH_BYTES } from '@shoal/protocol';
import { type Libc, type NativeMemory, SystemCallError } from '../libc.js';
import {
  BUFFER_ENTRY_BYTES,
  BUFFER_REGISTRATION_BYTES,
  BufferEntry,
  IORING_REGISTER_PBUF_RING,
  IORING_UNREGISTER_PBUF_RING,
} from './abi.js';
import type { Ring } from './ring.js';

/** What one receive brings at most. Enough for most batches; a longer one comes in several. */
export const BUFFER_BYTES = 16_384;
/**
 * A power of two. As many connections can have bytes waiting in one turn of the loop without being asked twice. The kernel goes round
 * all of them, so more would wash the second-level cache: 128 cost 4 % more with large sets, 32 cost 40 % more with 1,000 clients.
 */
const BUFFERS = 64;
/** A multiple of the cache line, but not of a page: otherwise the fronts of all buffers would compete for the same sets of the cache. */
const STRIDE_BYTES = BUFFER_BYTES + INPUT_SCRATCH_BYTES + 64;
const TAIL_MASK = 0xffff;
const LOW_WORD = 0x1_0000_0000;

/** The number of the one group that a worker has. */
export const GROUP = 0;

/** One buffer, as the parts of a worker that read input know it. */
export interface InputBuffer {
  /** Received bytes, then scratch. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class InputBuffers {
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #entries: NativeMemory;
  readonly #memory: NativeMemory;
  readonly #buffers: InputBuffer[] = [];
  readonly #tailWord: Uint16Array;
  #tail = 0;

  constructor(libc: Libc, ring: Ring) {
    this.#libc = libc;
    this.#ring = ring;
    // Mapped, because the kernel wants the entries at the beginning of a page.
    this.#entries = libc.map(BUFFERS * BUFFER_ENTRY_BYTES);
    this.#memory = libc.map(BUFFERS * STRIDE_BYTES);
    this.#tailWord = new Uint16Array(this.#entries.bytes.buffer, BufferEntry.TAIL, 1);
    try {
      this.#register(IORING_REGISTER_PBUF_RING);
    } catch (error) {
      this.#unmap();
      throw error;
    }
    const { buffer } = this.#memory.bytes;
    for (let number = 0; number < BUFFERS; number++) {
      const start = number * STRIDE_BYTES;
      const bytes = new Uint8Array(buffer, start, BUFFER_BYTES + INPUT_SCRATCH_BYTES);
      this.#buffers.push({ bytes, view: new DataView(buffer, start, bytes.length) });
      this.giveBack(number);
    }
    this.publish();
  }

  at(number: number): InputBuffer {
    return this.#buffers[number];
  }

  /** The kernel may have it again, from the next `publish` on. */
  giveBack(number: number): void {
    const { view } = this.#entries;
    const entry = (this.#tail & (BUFFERS - 1)) * BUFFER_ENTRY_BYTES;
    const address = this.#memory.address + number * STRIDE_BYTES;
    view.setUint32(entry + BufferEntry.ADDRESS, address, true);
    view.setUint32(entry + BufferEntry.ADDRESS + 4, address / LOW_WORD, true);
    view.setUint32(entry + BufferEntry.LENGTH, BUFFER_BYTES, true);
    view.setUint16(entry + BufferEntry.NUMBER, number, true);
    this.#tail = (this.#tail + 1) & TAIL_MASK;
  }

  /** Once a turn, before the kernel is entered. */
  publish(): void {
    Atomics.store(this.#tailWord, 0, this.#tail);
  }

  /** No receive is under way any more. */
  close(): void {
    this.#register(IORING_UNREGISTER_PBUF_RING);
    this.#unmap();
  }

  #unmap(): void {
    this.#libc.unmap(this.#entries);
    this.#libc.unmap(this.#memory);
  }

  #register(operation: number): void {
    const { view, address } = this.#libc.allocate(BUFFER_REGISTRATION_BYTES);
    view.setBigUint64(0, BigInt(this.#entries.address), true);
    view.setUint32(8, BUFFERS, true);
    view.setUint16(12, GROUP, true);
    if (this.#ring.register(operation, address, 1) < 0) {
      throw new SystemCallError('register buffers with the io_uring', this.#libc.errno());
    }
  }
}
