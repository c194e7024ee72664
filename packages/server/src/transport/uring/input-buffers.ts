/**
 * The buffers that the kernel receives into: a group of equal ones, handed to it in a ring of its own (a "provided buffer ring").
 *
 * They are a part of worker.input (input-memory.ts), so what they hold is served where it lies. The kernel takes the next buffer when
 * bytes come: a connection that is silent holds none. Once served, a buffer goes back to the end of the ring. When all are taken,
 * receiving stops with ENOBUFS and is begun again. One thread.
 *
 *   ring of entries (address, length, number), registered with the kernel
 */
import { RING_BUFFER_BYTES, RING_BUFFERS, ringBufferAt } from '../../input-memory.js';
import { type BoxedAddress, type Libc, type NativeMemory, SystemCallError } from '../libc.js';
import {
  BUFFER_ENTRY_BYTES,
  BUFFER_REGISTRATION_BYTES,
  BufferEntry,
  IORING_REGISTER_PBUF_RING,
  IORING_UNREGISTER_PBUF_RING,
} from './abi.js';
import type { Ring } from './ring.js';

const TAIL_MASK = 0xffff;
const LOW_WORD = 0x1_0000_0000;

/** The number of the one group that a worker has. */
export const GROUP = 0;

export class InputBuffers {
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #entries: NativeMemory;
  readonly #address: BoxedAddress;
  readonly #tailWord: Uint16Array;
  #tail = 0;

  /** @param input made by makeInputMemory; to be kept as long as this. */
  constructor(libc: Libc, ring: Ring, input: Uint8Array) {
    this.#libc = libc;
    this.#ring = ring;
    // Mapped, because the kernel wants the entries at the beginning of a page.
    this.#entries = libc.map(RING_BUFFERS * BUFFER_ENTRY_BYTES);
    this.#address = [libc.addressOf(input), null];
    this.#tailWord = new Uint16Array(this.#entries.bytes.buffer, BufferEntry.TAIL, 1);
    try {
      this.#register(IORING_REGISTER_PBUF_RING);
    } catch (error) {
      libc.unmap(this.#entries);
      throw error;
    }
    for (let number = 0; number < RING_BUFFERS; number++) this.giveBack(number);
    this.publish();
  }

  /** The kernel may have it again, from the next `publish` on. */
  giveBack(number: number): void {
    const { view } = this.#entries;
    const entry = (this.#tail & (RING_BUFFERS - 1)) * BUFFER_ENTRY_BYTES;
    const address = this.#address[0] + ringBufferAt(number);
    view.setUint32(entry + BufferEntry.ADDRESS, address, true);
    view.setUint32(entry + BufferEntry.ADDRESS + 4, address / LOW_WORD, true);
    view.setUint32(entry + BufferEntry.LENGTH, RING_BUFFER_BYTES, true);
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
    this.#libc.unmap(this.#entries);
  }

  #register(operation: number): void {
    const { view, address } = this.#libc.allocate(BUFFER_REGISTRATION_BYTES);
    view.setBigUint64(0, BigInt(this.#entries.address), true);
    view.setUint32(8, RING_BUFFERS, true);
    view.setUint16(12, GROUP, true);
    if (this.#ring.register(operation, address, 1) < 0) {
      throw new SystemCallError('register buffers with the io_uring', this.#libc.errno());
    }
  }
}
