/**
 * One io_uring of the kernel: submissions go in, one call hands them over and waits, completions come out.
 *
 * Used by the thread that made it alone. An operation is known by a row (of the connection table) and a kind, which come back with
 * its completions. Nothing here allocates after the constructor. A full queue of submissions is handed over at once; completions
 * that find their queue full are kept by the kernel and come with a later call. Quiet sends are handed over by the caller's own
 * `enter` alone, with room for a completion of each, so that right after it silence means success.
 *
 *   prepare… ──▶ submissions ──enter──▶ kernel ──▶ completions ──▶ rowOf, kindOf, resultOf, flagsOf ──▶ release
 */
import {
  EAGAIN,
  EBUSY,
  EINTR,
  type Libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_WAITALL,
  type NativeMemory,
  SystemCallError,
} from '../libc.js';
import {
  COMPLETION_BYTES,
  COMPLETION_WORDS,
  Cqe,
  IORING_ENTER_GETEVENTS,
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
  IORING_OP_POLL_ADD,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_TIMEOUT,
  IORING_RECV_MULTISHOT,
  IORING_SETUP_CQSIZE,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_SUBMIT_ALL,
  IORING_SQ_CQ_OVERFLOW,
  IOSQE_BUFFER_SELECT,
  IOSQE_CQE_SKIP_SUCCESS,
  PARAMETERS_BYTES,
  Parameter,
  Sqe,
  SUBMISSION_BYTES,
  SUBMISSION_WORDS,
} from './abi.js';

const SETUP_FLAGS =
  IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
const FLAGS_SHIFT = 8;
const PRIORITY_SHIFT = 16;
const TIMESPEC_BYTES = 16;
const NS_PER_MS = 1_000_000n;
const MS_PER_SECOND = 1000;
/** To hand over a full queue, before that is taken for broken. */
const ATTEMPTS_MAX = 1000;
/** Completions that lasting receives may bring while submissions are handed over: one for each buffer that they have. */
const RECEIVED_MEANWHILE = 64;
/** Addresses have at most 53 bits here: libc hands them out as plain numbers. */
const LOW_WORD = 0x1_0000_0000;

/** The operation that a completion belongs to, its row aside. */
export const NO_KIND = 0;

export interface RingOptions {
  readonly submissions: number;
  readonly completions: number;
  /** Takes back all quiet sends that wait: submissions are about to be handed over while completions may not be seen. */
  readonly withdrawQuiet?: () => void;
}

export class Ring {
  readonly #libc: Libc;
  readonly #withdrawQuiet: () => void;
  readonly #descriptor: number;
  readonly #queues: NativeMemory;
  readonly #submissions: NativeMemory;
  /** The kernel's words, and completions behind them. */
  readonly #words: Int32Array;
  readonly #entries: Int32Array;
  readonly #timespec: NativeMemory;
  readonly #entryCount: number;
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #sqFlags: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqMask: number;
  readonly #cqEntries: number;
  /** The next submission's number; all numbers wrap at 32 bits, as the kernel's do. */
  #next = 0;
  /** The number of the first that the kernel has not taken. */
  #taken = 0;

  /** Throws a SystemCallError where the kernel has no io_uring of this kind or does not allow it. */
  constructor(libc: Libc, { submissions, completions, withdrawQuiet = () => {} }: RingOptions) {
    const parameters = libc.allocate(PARAMETERS_BYTES);
    const { view } = parameters;
    view.setUint32(Parameter.FLAGS, SETUP_FLAGS, true);
    view.setUint32(Parameter.CQ_ENTRIES, completions, true);
    this.#libc = libc;
    this.#withdrawQuiet = withdrawQuiet;
    this.#descriptor = libc.ringSetup(submissions, parameters.address);
    if (this.#descriptor < 0) throw new SystemCallError('make an io_uring', libc.errno());
    const word = (offset: number) => view.getUint32(offset, true);
    this.#entryCount = word(Parameter.SQ_ENTRIES);
    const cqBytes = word(Parameter.CQ_ENTRIES_AT) + word(Parameter.CQ_ENTRIES) * COMPLETION_BYTES;
    const sqBytes = word(Parameter.SQ_ARRAY) + this.#entryCount * Int32Array.BYTES_PER_ELEMENT;
    try {
      this.#queues = this.#map(Math.max(cqBytes, sqBytes), IORING_OFF_SQ_RING);
      this.#submissions = this.#map(this.#entryCount * SUBMISSION_BYTES, IORING_OFF_SQES);
    } catch (error) {
      libc.close(this.#descriptor);
      throw error;
    }
    this.#words = new Int32Array(this.#queues.bytes.buffer);
    this.#entries = new Int32Array(this.#submissions.bytes.buffer);
    this.#timespec = libc.allocate(TIMESPEC_BYTES);
    this.#sqHead = word(Parameter.SQ_HEAD) >> 2;
    this.#sqTail = word(Parameter.SQ_TAIL) >> 2;
    this.#sqFlags = word(Parameter.SQ_FLAGS) >> 2;
    this.#cqHead = word(Parameter.CQ_HEAD) >> 2;
    this.#cqTail = word(Parameter.CQ_TAIL) >> 2;
    this.#cqMask = this.#words[word(Parameter.CQ_MASK) >> 2];
    this.#cqEntries = word(Parameter.CQ_ENTRIES_AT) >> 2;
    // Submission n always stands in place n.
    const array = word(Parameter.SQ_ARRAY) >> 2;
    for (let place = 0; place < this.#entryCount; place++) this.#words[array + place] = place;
  }

  // Submissions

  /** Receives into buffers of the group, completion after completion, until one comes without IORING_CQE_F_MORE. */
  prepareReceive(kind: number, row: number, target: { descriptor: number; group: number }): void {
    const at = this.#claim(IORING_OP_RECV | (IOSQE_BUFFER_SELECT << FLAGS_SHIFT), kind, row);
    this.#entries[at + Sqe.HEAD] |= IORING_RECV_MULTISHOT << PRIORITY_SHIFT;
    this.#entries[at + Sqe.DESCRIPTOR] = target.descriptor;
    this.#entries[at + Sqe.GROUP] = target.group;
  }

  /** Sends count bytes at `address`, and completes with how many of them were taken. */
  prepareSend(kind: number, row: number, descriptor: number, address: number, count: number, flags: number): void {
    this.#prepareSend(IORING_OP_SEND, kind, row, descriptor, address, count, flags);
  }

  /**
   * Sends as much of count bytes at `address` as there is room for now; completes only if that is not all, with −EAGAIN if it is nothing.
   * Answers the submission's number, for `isWaiting` and `withdraw`.
   */
  prepareQuietSend(kind: number, row: number, descriptor: number, address: number, count: number): number {
    const head = IORING_OP_SEND | (IOSQE_CQE_SKIP_SUCCESS << FLAGS_SHIFT);
    this.#prepareSend(head, kind, row, descriptor, address, count, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
    return (this.#next - 1) | 0;
  }

  #prepareSend(
    head: number,
    kind: number,
    row: number,
    descriptor: number,
    address: number,
    count: number,
    flags: number,
  ): void {
    const at = this.#claim(head, kind, row);
    const entries = this.#entries;
    entries[at + Sqe.DESCRIPTOR] = descriptor;
    entries[at + Sqe.ADDRESS] = address;
    entries[at + Sqe.ADDRESS + 1] = address / LOW_WORD;
    entries[at + Sqe.LENGTH] = count;
    entries[at + Sqe.OPERATION_FLAGS] = flags;
  }

  /** Ends the operation of this kind and row, which then completes with −ECANCELED unless it was quicker. */
  prepareCancel(kind: number, row: number): void {
    const at = this.#claim(IORING_OP_ASYNC_CANCEL, NO_KIND, 0);
    this.#entries[at + Sqe.DESCRIPTOR] = -1;
    this.#entries[at + Sqe.ADDRESS] = row;
    this.#entries[at + Sqe.ADDRESS + 1] = kind;
  }

  /** Completes once, as soon as the descriptor is ready for the poll events. */
  preparePoll(kind: number, row: number, target: { descriptor: number; events: number }): void {
    const at = this.#claim(IORING_OP_POLL_ADD, kind, row);
    this.#entries[at + Sqe.DESCRIPTOR] = target.descriptor;
    this.#entries[at + Sqe.OPERATION_FLAGS] = target.events;
  }

  /** Completes once, with −ETIME, after this time. One at a time may wait to be handed over. */
  prepareTimeout(kind: number, row: number, milliseconds: number): void {
    const { view, address } = this.#timespec;
    view.setBigInt64(0, BigInt(Math.floor(milliseconds / MS_PER_SECOND)), true);
    view.setBigInt64(8, BigInt(milliseconds % MS_PER_SECOND) * NS_PER_MS, true);
    const at = this.#claim(IORING_OP_TIMEOUT, kind, row);
    this.#entries[at + Sqe.DESCRIPTOR] = -1;
    this.#entries[at + Sqe.ADDRESS] = address;
    this.#entries[at + Sqe.ADDRESS + 1] = address / LOW_WORD;
    this.#entries[at + Sqe.LENGTH] = 1;
  }

  /** The kernel has not seen it yet. */
  isWaiting(submission: number): boolean {
    return ((submission - this.#taken) | 0) >= 0;
  }

  /** Takes back a quiet send that still waits: it has never been made. */
  withdraw(submission: number): void {
    const at = this.#entryAt(submission);
    this.#entries[at + Sqe.HEAD] = IORING_OP_NOP | (IOSQE_CQE_SKIP_SUCCESS << FLAGS_SHIFT);
    this.#entries[at + Sqe.OPERATION_FLAGS] = 0;
    this.#entries[at + Sqe.USER_DATA + 1] = NO_KIND;
  }

  /** Hands over all submissions and waits for at least that many completions. */
  enter(completionsMin: number): void {
    if (this.#mayLoseSight()) this.#withdrawQuiet();
    this.#handOver(completionsMin);
  }

  /** What completes while submissions are handed over may find its queue full, and be seen a call too late. */
  #mayLoseSight(): boolean {
    if ((this.#words[this.#sqFlags] & IORING_SQ_CQ_OVERFLOW) !== 0) return true;
    const unreleased = (this.end - this.first) | 0;
    const waiting = (this.#next - this.#taken) | 0;
    return unreleased + waiting + RECEIVED_MEANWHILE > this.#cqMask + 1;
  }

  #handOver(completionsMin: number): void {
    Atomics.store(this.#words, this.#sqTail, this.#next);
    const waiting = (this.#next - this.#taken) | 0;
    const taken = this.#libc.ringEnter(this.#descriptor, waiting, completionsMin, IORING_ENTER_GETEVENTS);
    if (taken === waiting) this.#taken = this.#next;
    else this.#onPartlyTaken(taken);
  }

  // Completions

  /** The first completion that has not been released. */
  get first(): number {
    return this.#words[this.#cqHead];
  }

  /** One behind the last. */
  get end(): number {
    return Atomics.load(this.#words, this.#cqTail);
  }

  rowOf(completion: number): number {
    return this.#words[this.#completionAt(completion) + Cqe.USER_DATA];
  }

  kindOf(completion: number): number {
    return this.#words[this.#completionAt(completion) + Cqe.USER_DATA + 1];
  }

  /** What the call would have returned, with −errno for an error. */
  resultOf(completion: number): number {
    return this.#words[this.#completionAt(completion) + Cqe.RESULT];
  }

  flagsOf(completion: number): number {
    return this.#words[this.#completionAt(completion) + Cqe.FLAGS];
  }

  /** All before `end` have been dealt with. */
  release(end: number): void {
    Atomics.store(this.#words, this.#cqHead, end);
  }

  // Registration and the end

  /** 0, or −1 and errno. */
  register(operation: number, argument: number, count: number): number {
    return this.#libc.ringRegister(this.#descriptor, operation, argument, count);
  }

  /** Ends every operation. The kernel may use their memory a moment longer: see UringTransport for the order. */
  close(): void {
    this.#libc.unmap(this.#queues);
    this.#libc.unmap(this.#submissions);
    this.#libc.close(this.#descriptor);
  }

  #map(bytes: number, offset: number): NativeMemory {
    return this.#libc.map(bytes, { descriptor: this.#descriptor, offset });
  }

  #entryAt(submission: number): number {
    return (submission & (this.#entryCount - 1)) * SUBMISSION_WORDS;
  }

  #completionAt(completion: number): number {
    return this.#cqEntries + (completion & this.#cqMask) * COMPLETION_WORDS;
  }

  /** A zeroed submission with its first word and user data; answers where its words begin. */
  #claim(head: number, kind: number, row: number): number {
    if (this.#isFull()) this.#makeRoom();
    const at = this.#entryAt(this.#next);
    const entries = this.#entries;
    for (let word = 0; word < SUBMISSION_WORDS; word++) entries[at + word] = 0;
    entries[at + Sqe.HEAD] = head;
    entries[at + Sqe.USER_DATA] = row;
    entries[at + Sqe.USER_DATA + 1] = kind;
    this.#next = (this.#next + 1) | 0;
    return at;
  }

  #isFull(): boolean {
    return ((this.#next - this.#taken) | 0) >= this.#entryCount;
  }

  #makeRoom(): void {
    this.#withdrawQuiet();
    for (let attempt = 0; attempt < ATTEMPTS_MAX && this.#isFull(); attempt++) this.#handOver(0);
    if (this.#isFull()) throw new SystemCallError('hand over to the io_uring', EBUSY);
  }

  /** Interrupted, or short of memory for the moment: what was not taken goes with the next call. */
  #onPartlyTaken(taken: number): void {
    const errno = taken < 0 ? this.#libc.errno() : 0;
    this.#taken = Atomics.load(this.#words, this.#sqHead);
    if (taken < 0 && errno !== EINTR && errno !== EAGAIN && errno !== EBUSY) {
      throw new SystemCallError('enter the io_uring', errno);
    }
  }
}
