/**
 * worker.input: every byte that commands are decoded from lies in one piece of memory that never moves.
 *
 *   | receive buffer: INPUT_BYTES | long line: INPUT_BYTES | ring buffers | scratch of the protocol |
 *
 * Transports receive into the front; into the ring buffers the kernel receives by itself on io_uring, and epoll what it serves together. A line too long for them is brought into
 * the second part, a part of its keys at a time (key-line.ts). Memory that nobody touches costs address space alone.
 */
import { INPUT_SCRATCH_BYTES } from '@shoal/protocol';

/** Bytes that one receive call may bring. */
export const INPUT_BYTES = 65_536;
/** Where the keys of long lines are answered from. */
export const LONG_LINE_AT = INPUT_BYTES;
export const LONG_LINE_BYTES = INPUT_BYTES;
const RING_BUFFERS_AT = LONG_LINE_AT + LONG_LINE_BYTES;

/** What one receive into a ring buffer brings at most. Enough for most batches; a longer one comes in several. */
export const RING_BUFFER_BYTES = 16_384;
/**
 * A power of two. As many connections can have bytes waiting in one turn of the loop without being asked twice. The kernel goes round
 * all of them, so more would wash the second-level cache: 128 cost 4 % more with large sets, 32 cost 40 % more with 1,000 clients.
 */
export const RING_BUFFERS = 64;
/** A multiple of the cache line, but not of a page: otherwise the fronts of all buffers would compete for the same sets of the cache. */
const RING_STRIDE_BYTES = RING_BUFFER_BYTES + 576;

/** Where in worker.input a ring buffer begins. */
export function ringBufferAt(number: number): number {
  return RING_BUFFERS_AT + number * RING_STRIDE_BYTES;
}

export function makeInputMemory(): Uint8Array {
  // Over an ArrayBuffer made as such, whose memory V8 never moves.
  return new Uint8Array(new ArrayBuffer(RING_BUFFERS_AT + RING_BUFFERS * RING_STRIDE_BYTES + INPUT_SCRATCH_BYTES));
}
