/**
 * io_uring's words as the kernel lays them out (include/uapi/linux/io_uring.h): what ring.ts writes and reads.
 *
 * The same on every architecture, little-endian. A submission is 64 bytes, sixteen words:
 *
 *   word  0           1   2  3     4       5        6    7             8      9      10     11 … 15
 *        |op fl prio |fd |offset  |address         |len |flags of op |user data    |group | 0
 *
 * and a completion is 16: user data (two words), result (a count, or −errno), flags with the buffer's number in the upper half.
 */

export const SUBMISSION_WORDS = 16;
export const SUBMISSION_BYTES = SUBMISSION_WORDS * Int32Array.BYTES_PER_ELEMENT;
export const COMPLETION_WORDS = 4;
export const COMPLETION_BYTES = COMPLETION_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Words of a submission. */
export const Sqe = {
  HEAD: 0,
  DESCRIPTOR: 1,
  ADDRESS: 4,
  LENGTH: 6,
  OPERATION_FLAGS: 7,
  USER_DATA: 8,
  GROUP: 10,
} as const;

/** Words of a completion. */
export const Cqe = { USER_DATA: 0, RESULT: 2, FLAGS: 3 } as const;

export const IORING_OP_NOP = 0;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_TIMEOUT = 11;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_SEND = 26;
export const IORING_OP_RECV = 27;

/** In the second byte of a submission: the buffer comes from a group of provided ones. */
export const IOSQE_BUFFER_SELECT = 1 << 5;
/** In the second byte as well: no completion unless it fails. A send with MSG_WAITALL fails if not all is taken. Linux 5.17. */
export const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;
/** In the upper half of a submission's first word: a receive goes on until it is cancelled or fails. */
export const IORING_RECV_MULTISHOT = 1 << 1;

/** In a completion's flags: more of the same operation follow. */
export const IORING_CQE_F_MORE = 1 << 1;
export const IORING_CQE_BUFFER_SHIFT = 16;

export const IORING_ENTER_GETEVENTS = 1;
/** In the word of flags that the kernel sets: there are completions that found no room in their queue. */
export const IORING_SQ_CQ_OVERFLOW = 1 << 1;

export const IORING_SETUP_CQSIZE = 1 << 3;
/** A submission that fails does not hold back those behind it. */
export const IORING_SETUP_SUBMIT_ALL = 1 << 7;
/** Only the thread that made the ring uses it. */
export const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
/** The kernel does its part of the work inside io_uring_enter alone, never in an interruption of our code. Linux 6.1. */
export const IORING_SETUP_DEFER_TASKRUN = 1 << 13;

export const IORING_REGISTER_PBUF_RING = 22;
export const IORING_UNREGISTER_PBUF_RING = 23;

export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x10000000;

/** struct io_uring_params, and where the ring's own words lie, relative to its mapping. */
export const PARAMETERS_BYTES = 120;
export const Parameter = {
  SQ_ENTRIES: 0,
  CQ_ENTRIES: 4,
  FLAGS: 8,
  SQ_HEAD: 40,
  SQ_TAIL: 44,
  SQ_MASK: 48,
  SQ_FLAGS: 56,
  SQ_ARRAY: 64,
  CQ_HEAD: 80,
  CQ_TAIL: 84,
  CQ_MASK: 88,
  CQ_ENTRIES_AT: 100,
} as const;

/** struct io_uring_buf_reg. */
export const BUFFER_REGISTRATION_BYTES = 40;
/** struct io_uring_buf: address, length, number; the ring's tail lies in the last two bytes of the first. */
export const BUFFER_ENTRY_BYTES = 16;
export const BufferEntry = { ADDRESS: 0, LENGTH: 8, NUMBER: 12, TAIL: 14 } as const;
