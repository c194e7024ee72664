/**
 * An exchange: one request to a node and the answer it is owed, and the place of that answer among a client's replies.
 *
 * Made by a session for every request it forwards; queued by the session (answers leave in the order of requests) and by
 * the link (nodes answer in the order asked). A reply that the router gives itself while others are still owed is a
 * settled exchange that no link ever sees.
 */

/** How a reply of a node ends. */
export const ReplyShape = {
  /** One line, with the data block that a VA line announces. */
  LINE: 0,
  /** Lines up to END or an error: get, stats. */
  LIST: 1,
  /** One binary frame. */
  FRAME: 2,
} as const;
export type ReplyShape = (typeof ReplyShape)[keyof typeof ReplyShape];

/** What is kept from the client of a request that it sent as a quiet one and the node received as a loud one. */
export const Hush = {
  NOTHING: 0,
  /** Text noreply. */
  EVERYTHING: 1,
  /** Meta get with q: EN. */
  META_MISS: 2,
  /** The other meta commands with q: HD and VA. */
  META_SUCCESS: 3,
  /** Quiet binary gets: "not found". */
  BINARY_MISS: 4,
  /** Other quiet binary commands. */
  BINARY_SUCCESS: 5,
} as const;
export type Hush = (typeof Hush)[keyof typeof Hush];

/** Who gets the answer. Both calls come exactly once an exchange, one or the other. */
export interface ReplySink {
  /** bytes[start..end) is the whole reply, valid during the call; empty when it is hushed up. */
  receive(exchange: Exchange, bytes: Buffer, start: number, end: number): void;
  /** No answer will come: the node's name and the reason. */
  fail(exchange: Exchange, node: string, reason: string): void;
}

/** Asks for what an answer was let go of, from the first of its keys that has not been answered. */
export interface Regatherer {
  askNext(): void;
}

const NONE: Buffer = Buffer.alloc(0);

export class Exchange {
  readonly sink: ReplySink;
  shape: number;
  /** How many keys it asks for: what its answer is expected to weigh. */
  keyCount = 1;
  hush: number = Hush.NOTHING;
  /** Binary: the opcode that the client sent, when the node got another. -1: the same. */
  opcode = -1;
  /** May be answered with a miss when its node is dead. */
  isRead = false;
  /** May be sent a second time when the connection ended before an answer. */
  mayRepeat = false;
  /** Its answer may be let go for want of room, and be asked for again. */
  mayPostpone = false;
  /** What the node had sent of an answer of several keys when it was cut short for its size; such an answer is empty. */
  cutBytes = 0;
  /** Its answer was let go. */
  isPostponed = false;
  /** What the answer weighed that was let go, as far as the node sent it. */
  postponedBytes = 0;
  /** Counted as held until the answer is there: a large request, or the room that is kept for the answer. */
  reservedBytes = 0;
  /** The number of this exchange in its session. */
  sequence = 0;
  /** Asks for several keys again, one at a time; null: the request is sent as it was. */
  group: Regatherer | null = null;
  /** The bytes that were sent: request[requestStart..requestEnd). */
  request: Buffer = NONE;
  requestStart = 0;
  requestEnd = 0;
  /** The `ReplyKind` that ended a text reply. */
  endKind = 0;
  /** The reply, once it is there and those before it are not. */
  answer: Buffer = NONE;
  isSettled = false;

  constructor(sink: ReplySink, shape: number) {
    this.sink = sink;
    this.shape = shape;
  }

  settle(answer: Buffer): void {
    this.answer = answer;
    this.isSettled = true;
  }
}
