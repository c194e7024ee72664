/**
 * What one client has asked for and what is held for it, in keys and in bytes, and whether it may ask for more.
 *
 * Used by a session alone. How large answers will be is only guessed, so that many may be asked for at one time; an
 * answer for which there is no room is let go and asked for again, which only reads can be, and only while no change has
 * been asked behind them. Bounds: OWED_BYTES and one answer; keys ≤ OWED_KEYS_MAX and one group.
 */
import type { Exchange } from './exchange.js';
import type { Flushable } from './flush-round.js';
import type { RouteTable } from './route-table.js';

const OWED_BYTES = 4 * 1024 * 1024;
const OWED_KEYS_MAX = 256;
/** What an answer for one key is taken to be long before any has been seen. */
const FIRST_ANSWER_BYTES = 65_536;
/** The largest answer is forgotten at this rate. */
const FORGETTING = 1 / 16;
/** Answers this small are never let go: their number bounds them. */
const SMALL_ANSWER_BYTES = 4096;
/** What every client may hold, however little room the router has. */
const FREE_BYTES = 65_536;

export class ClientShare {
  heldBytes = 0;
  /** Keys whose answers have not left yet. */
  owedKeys = 0;
  /** Of the answer for one key: the largest of late. */
  answerBytes = FIRST_ANSWER_BYTES;
  /** Answers that were let go and are to be asked for again. */
  postponedCount = 0;
  readonly #table: RouteTable;
  readonly #session: Flushable;
  /** Keys whose answers have not come yet. */
  #askedKeys = 0;
  #askedReads = 0;
  #inputBytes = 0;
  #sequence = 0;
  /** The last change that was asked, in the order of exchanges. */
  #lastChange = 0;
  /** The answer, or the data block, for which this client has the exception of held-bytes.ts. */
  #exception: Exchange | null = null;
  #isCollecting = false;
  #hasLearnt = false;
  #isOver = false;

  constructor(table: RouteTable, session: Flushable) {
    this.#table = table;
    this.#session = session;
  }

  hold(bytes: number): void {
    if (this.#isOver) return;
    this.heldBytes += bytes;
    this.#table.held.count(bytes);
  }

  /** Input that waits or is being collected takes so much now. */
  holdInput(bytes: number): void {
    if (this.#isOver || bytes === this.#inputBytes) return;
    this.#table.held.count(bytes - this.#inputBytes);
    this.#inputBytes = bytes;
  }

  /** Counts everything out; nothing is counted afterwards. */
  end(): void {
    if (this.#isOver) return;
    this.hold(-this.heldBytes);
    this.holdInput(0);
    this.#isOver = true;
    this.#table.held.forget(this.#session);
  }

  // Exchanges

  owe(exchange: Exchange): void {
    this.owedKeys += exchange.keyCount;
    exchange.sequence = ++this.#sequence;
    if (exchange.isSettled) {
      this.hold(exchange.answer.length);
      return;
    }
    this.#ask(exchange);
    if (!exchange.mayPostpone) this.#lastChange = exchange.sequence;
  }

  #ask(exchange: Exchange): void {
    this.#askedKeys += exchange.keyCount;
    if (exchange.isRead) this.#askedReads += exchange.keyCount;
  }

  #endAsking(exchange: Exchange): void {
    this.#askedKeys -= exchange.keyCount;
    if (exchange.isRead) this.#askedReads -= exchange.keyCount;
    this.hold(-exchange.reservedBytes);
    exchange.reservedBytes = 0;
  }

  /** Its answer is here, and stays or leaves. */
  answered(exchange: Exchange, bytes: number): void {
    this.#endAsking(exchange);
    this.learn(bytes / exchange.keyCount);
  }

  /** Its answer has been let go; a group will be asked key by key. */
  postpone(exchange: Exchange, bytes: number): void {
    this.#endAsking(exchange);
    this.learn(bytes / exchange.keyCount);
    this.#table.counters.postponedReplies++;
    this.putOff(exchange, exchange.group === null ? bytes : bytes / exchange.keyCount);
  }

  /** Nothing has been asked for it, or no more: it waits for room for so many bytes. */
  putOff(exchange: Exchange, bytes: number): void {
    exchange.isPostponed = true;
    exchange.postponedBytes = Math.ceil(bytes);
    this.postponedCount++;
  }

  /** A group has part of its answer and waits for room for the next key. */
  interrupt(exchange: Exchange): void {
    this.#endAsking(exchange);
    this.putOff(exchange, this.answerBytes);
  }

  /** Whether a postponed exchange is asked for again: its room is kept from now on. */
  resume(exchange: Exchange, unsentBytes: number): boolean {
    const { postponedBytes } = exchange;
    // What is held may all stand behind it: then it leaves alone.
    if (unsentBytes > 0 && !this.#hasOwnRoom(postponedBytes)) return false;
    if (!this.#hasCommonRoom(postponedBytes)) {
      if (unsentBytes > 0 || !this.#table.held.grantException(this.#session)) {
        this.#table.held.whenRoom(this.#session);
        return false;
      }
      this.#exception = exchange;
    }
    exchange.isPostponed = false;
    exchange.mayPostpone = false;
    this.postponedCount--;
    this.#ask(exchange);
    exchange.reservedBytes = postponedBytes;
    this.hold(postponedBytes);
    return true;
  }

  /** A large request is held until it is answered. */
  reserve(exchange: Exchange, bytes: number): void {
    if (bytes <= FREE_BYTES) return;
    exchange.reservedBytes = bytes;
    this.hold(bytes);
    if (this.#isCollecting) this.#exception = exchange;
  }

  /** The exception ends when its answer has left. */
  noteUnsent(bytes: number): void {
    const hasCollected = this.#isCollecting && this.#inputBytes <= FREE_BYTES;
    if (bytes > 0 || (this.#exception === null && !hasCollected)) return;
    if (this.#exception !== null && this.#exception.reservedBytes > 0) return;
    this.#exception = null;
    this.#isCollecting = false;
    this.#table.held.endException(this.#session);
  }

  /** The first answer seen takes the place of the guess. */
  learn(bytes: number): void {
    if (!this.#hasLearnt) {
      this.#hasLearnt = true;
      this.answerBytes = bytes;
    } else if (bytes >= this.answerBytes) {
      this.answerBytes = bytes;
    } else {
      this.answerBytes += (bytes - this.answerBytes) * FORGETTING;
    }
  }

  // Room

  /** Whether an answer is let go because there is no room. Not what has been asked before a change, which would come too late. */
  mustPostpone(exchange: Exchange, bytes: number): boolean {
    if (!exchange.mayPostpone || exchange.sequence < this.#lastChange || bytes <= SMALL_ANSWER_BYTES) return false;
    return !this.#hasOwnRoom(bytes) || !this.#hasCommonRoom(bytes);
  }

  /** Whether another key may be asked for. */
  mayAsk(): boolean {
    if (this.postponedCount > 0 || this.owedKeys >= OWED_KEYS_MAX) return false;
    // Of one that holds nothing, an answer that finds no room waits its turn for the exception.
    if (this.owedKeys === 0 && this.heldBytes === 0) return true;
    const expected = this.heldBytes + this.#askedKeys * this.answerBytes;
    if (this.owedKeys > 0 && expected >= OWED_BYTES) return false;
    return this.#hasCommonRoomOrWaits(this.answerBytes);
  }

  /** Whether a change may be asked: the reads before it cannot be let go any more, however large they turn out. */
  mayChange(): boolean {
    if (this.postponedCount > 0) return false;
    return this.#askedReads === 0 || this.heldBytes + this.#askedReads * this.#table.itemBytesMax <= OWED_BYTES;
  }

  /** Whether a data block of this size may be taken. */
  mayCollect(bytes: number): boolean {
    if (bytes <= FREE_BYTES || this.#inputBytes > bytes || this.#hasCommonRoomOrWaits(bytes)) return true;
    this.#isCollecting = this.owedKeys === 0 && this.heldBytes === 0 && this.#table.held.grantException(this.#session);
    return this.#isCollecting;
  }

  /** How many keys may be asked in one line. */
  get keysPerLine(): number {
    if (!this.#hasLearnt) return OWED_KEYS_MAX;
    return Math.max(1, Math.floor(OWED_BYTES / 4 / (this.answerBytes + 1)));
  }

  /** It is one of those that leave too little to the others. */
  get isLarge(): boolean {
    return this.heldBytes > FREE_BYTES || this.#inputBytes > FREE_BYTES;
  }

  #hasOwnRoom(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= OWED_BYTES;
  }

  #hasCommonRoom(bytes: number): boolean {
    return this.heldBytes + bytes <= FREE_BYTES || this.#table.held.hasRoom(bytes);
  }

  #hasCommonRoomOrWaits(bytes: number): boolean {
    const hasRoom = this.#hasCommonRoom(bytes);
    if (!hasRoom) this.#table.held.whenRoom(this.#session);
    return hasRoom;
  }
}
