/**
 * Finds out whether this kernel lets this process serve through io_uring, by doing once all that the transport relies on.
 *
 * Called by sockets.ts before a transport is chosen. Versions tell little: containers and distributions forbid the calls of kernels that
 * have them. Takes about a millisecond, waits for nothing without a bound, and leaves nothing open.
 */
import { makeInputMemory, ringBufferAt } from '../../input-memory.js';
import {
  AF_UNIX,
  EPOLLIN,
  type Libc,
  MSG_NOSIGNAL,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SystemCallError,
} from '../libc.js';
import { IORING_CQE_BUFFER_SHIFT, IORING_CQE_F_MORE } from './abi.js';
import { GROUP, InputBuffers } from './input-buffers.js';
import { Ring } from './ring.js';

const ROW = 7;
const TestKind = { RECEIVE: 1, SEND: 2, POLL: 3, QUIET: 4 } as const;
/** Everything here is ready at once; a kernel that takes more turns than this is not one to serve with. */
const TURNS_MAX = 50;
const QUEUE = { submissions: 8, completions: 256 };
const TEXT = 'the ring works';
/** A socket with as little room as there can be does not take this whole. */
const LARGE_BYTES = 65_536;

/** '' when io_uring can be used, else why not. */
export function whyNoUring(libc: Libc): string {
  const pair = libc.allocate(2 * Int32Array.BYTES_PER_ELEMENT);
  if (libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.address) < 0) {
    return new SystemCallError('make a socket pair', libc.errno()).message;
  }
  const near = pair.view.getInt32(0, true);
  const far = pair.view.getInt32(Int32Array.BYTES_PER_ELEMENT, true);
  try {
    return testRing(libc, near, far);
  } catch (error) {
    if (error instanceof SystemCallError) return error.message;
    throw error;
  } finally {
    libc.close(near);
    libc.close(far);
  }
}

function testRing(libc: Libc, near: number, far: number): string {
  const ring = new Ring(libc, QUEUE);
  try {
    const input = makeInputMemory();
    const buffers = new InputBuffers(libc, ring, input);
    try {
      return new Conversation(libc, { ring, buffers, input }).missing(near, far);
    } finally {
      buffers.close();
    }
  } finally {
    ring.close();
  }
}

/**
 * Receives with one lasting receive what two sends bring, then the end; a poll tells of a readable descriptor; a quiet send is
 * heard of only if it is cut.
 */
class Conversation {
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #buffers: InputBuffers;
  readonly #input: Uint8Array;
  #received = '';
  #hasSent = false;
  #hasPolled = false;
  #hasEnded = false;
  /** What a quiet send completed with, 0 for none. */
  #quietResult = 0;

  constructor(libc: Libc, parts: { ring: Ring; buffers: InputBuffers; input: Uint8Array }) {
    this.#libc = libc;
    this.#ring = parts.ring;
    this.#buffers = parts.buffers;
    this.#input = parts.input;
  }

  missing(near: number, far: number): string {
    const ring = this.#ring;
    const text = this.#libc.allocate(TEXT.length);
    text.bytes.set(new TextEncoder().encode(TEXT));
    ring.prepareReceive(TestKind.RECEIVE, ROW, { descriptor: near, group: GROUP });
    ring.preparePoll(TestKind.POLL, ROW, { descriptor: near, events: EPOLLIN });
    for (const part of [0, 1]) {
      this.#hasSent = false;
      ring.prepareSend(TestKind.SEND, ROW, far, text.address, TEXT.length, MSG_NOSIGNAL);
      if (!this.#goOn(() => this.#hasSent && this.#received === TEXT.repeat(part + 1)))
        return 'a receive does not go on';
    }
    ring.prepareCancel(TestKind.RECEIVE, ROW);
    if (!this.#goOn(() => this.#hasEnded)) return 'a receive cannot be cancelled';
    // The first bytes may have gone to the receive before the poll looked.
    this.#libc.send(far, text.address, 1, MSG_NOSIGNAL);
    if (!this.#goOn(() => this.#hasPolled)) return 'a poll tells of nothing';
    return this.#whyNotQuiet(far);
  }

  #whyNotQuiet(descriptor: number): string {
    const least = this.#libc.allocate(Int32Array.BYTES_PER_ELEMENT);
    this.#libc.setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, least.address, least.bytes.length);
    const large = this.#libc.map(LARGE_BYTES);
    const heardOf = (count: number) => {
      this.#ring.prepareQuietSend(TestKind.QUIET, ROW, descriptor, large.address, count);
      return this.#goOn(() => this.#quietResult !== 0);
    };
    try {
      if (heardOf(TEXT.length)) return 'a send that succeeds is heard of';
      const isCut = heardOf(LARGE_BYTES) && this.#quietResult > 0 && this.#quietResult < LARGE_BYTES;
      return isCut ? '' : 'a send that is cut is not heard of';
    } finally {
      this.#libc.unmap(large);
    }
  }

  #goOn(isDone: () => boolean): boolean {
    for (let turn = 0; turn < TURNS_MAX && !isDone(); turn++) {
      this.#ring.enter(0);
      const end = this.#ring.end;
      for (let at = this.#ring.first; at !== end; at = (at + 1) | 0) this.#take(at);
      this.#ring.release(end);
      this.#buffers.publish();
    }
    return isDone();
  }

  #take(completion: number): void {
    const result = this.#ring.resultOf(completion);
    const flags = this.#ring.flagsOf(completion);
    const kind = this.#ring.kindOf(completion);
    if (kind === TestKind.QUIET) this.#quietResult = result;
    else if (kind === TestKind.SEND) this.#hasSent = result === TEXT.length;
    else if (kind === TestKind.POLL) this.#hasPolled = result > 0;
    else if (kind === TestKind.RECEIVE && result > 0) this.#receive(flags >>> IORING_CQE_BUFFER_SHIFT, result);
    if (kind === TestKind.RECEIVE && (flags & IORING_CQE_F_MORE) === 0) this.#hasEnded = true;
  }

  #receive(buffer: number, count: number): void {
    const start = ringBufferAt(buffer);
    this.#received += new TextDecoder().decode(this.#input.subarray(start, start + count));
    this.#buffers.giveBack(buffer);
  }
}
