/**
 * `lru_crawler metadump` and `mgdump`: all keys of the cache, written to the outbox of the connection that asked.
 *
 * The maintenance thread makes one KeyDump and calls `step` while `isRequested`. A step visits about ITEMS_PER_STEP
 * items, and none while lines of the step before still wait for room, so a slow reader slows only its own dump. Under
 * an item's stripe its numbers and its key are copied, nothing more; lines are made afterwards. An item that the
 * table's growth moves may be listed twice, none is missed. Lines are memcached's (crawler.c): dead items are left out,
 * keys of metadump URI-encoded, a blank at the end of its lines.
 */
import { ItemMark, type Store } from '@shoal/store';
import { encodeUri } from './activity-line.js';
import { DUMP_SLOT, Outboxes, type OutboxesShared, OutboxState } from './outbox.js';

export const DumpSubject = { METADATA: 0, META_GETS: 1 } as const;
export type DumpSubject = (typeof DumpSubject)[keyof typeof DumpSubject];

export const DumpStep = {
  /** Nobody asks for a dump. */
  IDLE: 0,
  /** Go on at once. */
  MORE: 1,
  /** The outbox is full: go on in a few milliseconds, its reader has to take something. */
  FULL: 2,
  DONE: 3,
} as const;
export type DumpStep = (typeof DumpStep)[keyof typeof DumpStep];

const ITEMS_PER_STEP = 512;
const END_LINES: Record<number, string> = { [DumpSubject.METADATA]: 'END\r\n', [DumpSubject.META_GETS]: 'EN\r\n' };
const NOTHING = new Uint8Array(0);

/** Columns of the numbers copied of an item. */
const Column = {
  EXPTIME: 0,
  LAST_ACCESS: 1,
  CAS_LOW: 2,
  CAS_HIGH: 3,
  IS_FETCHED: 4,
  CLASS: 5,
  TOTAL_BYTES: 6,
  CLIENT_FLAGS: 7,
  IS_KEY_BINARY: 8,
  KEY_BYTES: 9,
} as const;
const COLUMNS = 10;
const KEY_ROOM_BYTES = 256;

export class KeyDump {
  readonly #store: Store;
  readonly #outboxes: Outboxes;
  readonly #wakeWorker: (workerId: number) => void;
  readonly #startUnixSeconds: number;
  readonly #items = new CopiedItems();
  #isRunning = false;
  /** Next bucket to visit, −1 when all are done. */
  #bucket = 0;
  /** Lines that are not in the outbox yet. */
  #waiting: Uint8Array = NOTHING;

  constructor(parts: {
    store: Store;
    outboxes: OutboxesShared;
    wakeWorker: (workerId: number) => void;
    startUnixSeconds: number;
  }) {
    this.#store = parts.store;
    this.#outboxes = new Outboxes(parts.outboxes);
    this.#wakeWorker = parts.wakeWorker;
    this.#startUnixSeconds = parts.startUnixSeconds;
  }

  isRequested(): boolean {
    const state = this.#outboxes.stateOf(DUMP_SLOT);
    return state === OutboxState.OPEN || state === OutboxState.ABANDONED;
  }

  step(): DumpStep {
    if (this.#outboxes.reclaim(DUMP_SLOT)) this.#isRunning = false;
    if (this.#outboxes.stateOf(DUMP_SLOT) !== OutboxState.OPEN) return DumpStep.IDLE;
    if (!this.#isRunning) this.#begin();
    const owner = this.#outboxes.ownerOf(DUMP_SLOT);
    const step = this.#advance();
    this.#wakeWorker(owner);
    return step;
  }

  #begin(): void {
    this.#isRunning = true;
    this.#bucket = 0;
    this.#waiting = NOTHING;
  }

  #advance(): DumpStep {
    if (!this.#putWaiting()) return DumpStep.FULL;
    if (this.#bucket < 0) return this.#end();
    this.#items.count = 0;
    this.#bucket = this.#store.scan(this.#bucket, ITEMS_PER_STEP, (ref) => this.#items.add(this.#store, ref));
    this.#waiting = Buffer.from(this.#makeLines(), 'latin1');
    return this.#putWaiting() ? DumpStep.MORE : DumpStep.FULL;
  }

  #end(): DumpStep {
    this.#isRunning = false;
    this.#outboxes.finish(DUMP_SLOT);
    return DumpStep.DONE;
  }

  /** Puts what fits; true once nothing waits any more. */
  #putWaiting(): boolean {
    const count = Math.min(this.#waiting.length, this.#outboxes.room(DUMP_SLOT));
    this.#outboxes.put(DUMP_SLOT, this.#waiting, 0, count);
    this.#waiting = this.#waiting.subarray(count);
    return this.#waiting.length === 0;
  }

  #makeLines(): string {
    const subject = this.#outboxes.subjectOf(DUMP_SLOT);
    const classes = this.#outboxes.detailOf(DUMP_SLOT);
    let lines = '';
    for (let item = 0; item < this.#items.count; item++) {
      const classId = BigInt(this.#items.number(item, Column.CLASS));
      if (((classes >> classId) & 1n) === 0n) continue;
      lines += subject === DumpSubject.METADATA ? this.#metadataLine(item) : this.#metaGetLine(item);
    }
    return this.#bucket < 0 ? lines + END_LINES[subject] : lines;
  }

  #metadataLine(item: number): string {
    const number = (column: number) => this.#items.number(item, column);
    const exptime = number(Column.EXPTIME);
    const expires = exptime === 0 ? -1 : exptime + this.#startUnixSeconds;
    const cas = (BigInt(number(Column.CAS_HIGH) >>> 0) << 32n) | BigInt(number(Column.CAS_LOW) >>> 0);
    const times = `exp=${expires} la=${number(Column.LAST_ACCESS) + this.#startUnixSeconds} cas=${cas}`;
    const fetched = number(Column.IS_FETCHED) === 0 ? 'no' : 'yes';
    const size = `cls=${number(Column.CLASS)} size=${number(Column.TOTAL_BYTES)}`;
    const key = encodeUri(this.#items.key(item));
    return `key=${key} ${times} fetch=${fetched} ${size} flags=${number(Column.CLIENT_FLAGS) >>> 0} \n`;
  }

  #metaGetLine(item: number): string {
    const key = Buffer.from(this.#items.key(item));
    const isBinary = this.#items.number(item, Column.IS_KEY_BINARY) !== 0;
    return isBinary ? `mg ${key.toString('base64')} b\r\n` : `mg ${key.toString('latin1')}\r\n`;
  }
}

/** What a step saw. Memory is made once; it only grows if a bucket is longer than anybody would expect. */
class CopiedItems {
  count = 0;
  #numbers = new Float64Array(2 * ITEMS_PER_STEP * COLUMNS);
  #keys = new Uint8Array(2 * ITEMS_PER_STEP * KEY_ROOM_BYTES);
  #keysView = new DataView(this.#keys.buffer);

  /** Called under the item's stripe. */
  add(store: Store, ref: number): void {
    if (this.count * COLUMNS === this.#numbers.length) this.#grow();
    const item = this.count++;
    const numbers = this.#numbers;
    const at = item * COLUMNS;
    numbers[at + Column.EXPTIME] = store.exptime(ref);
    numbers[at + Column.LAST_ACCESS] = store.lastAccess(ref);
    numbers[at + Column.CAS_LOW] = store.casLow(ref);
    numbers[at + Column.CAS_HIGH] = store.casHigh(ref);
    numbers[at + Column.IS_FETCHED] = store.isFetched(ref) ? 1 : 0;
    numbers[at + Column.CLASS] = store.sizeClass(ref);
    numbers[at + Column.TOTAL_BYTES] = store.totalBytes(ref);
    numbers[at + Column.CLIENT_FLAGS] = store.clientFlags(ref);
    numbers[at + Column.IS_KEY_BINARY] = store.hasMark(ref, ItemMark.KEY_BINARY) ? 1 : 0;
    numbers[at + Column.KEY_BYTES] = store.keyBytes(ref);
    store.copyKey(ref, this.#keys, this.#keysView, item * KEY_ROOM_BYTES);
  }

  number(item: number, column: number): number {
    return this.#numbers[item * COLUMNS + column];
  }

  key(item: number): Uint8Array {
    const start = item * KEY_ROOM_BYTES;
    return this.#keys.subarray(start, start + this.number(item, Column.KEY_BYTES));
  }

  #grow(): void {
    const numbers = new Float64Array(2 * this.#numbers.length);
    const keys = new Uint8Array(2 * this.#keys.length);
    numbers.set(this.#numbers);
    keys.set(this.#keys);
    this.#numbers = numbers;
    this.#keys = keys;
    this.#keysView = new DataView(keys.buffer);
  }
}
