// One worker of the product without its sockets: received bytes go in, replies are thrown away once their length was seen
// to be right. Putting the bytes into the receive buffer is the kernel's work in a server; it is timed apart and taken off.
// Used by main.ts. Replies must fit the output: a row that had to flush would measure nothing real, and throws.
import {
  CloseReason,
  type Flusher,
  Outcome,
  openEngine,
  raiseInliningBudget,
  Session,
  type WorkerContext,
} from '@shoal/server/engine';
import { setRequest } from './requests.js';
import { type Batches, type EngineRow, makeBatches } from './workloads.js';

const MEMORY_BYTES = 1024 * 1024 * 1024;
const CONNECTIONS = 50;
const NANOSECONDS_PER_MS = 1e6;

export class Engine implements Flusher {
  readonly #worker: WorkerContext;
  readonly #sessions: readonly Session[];

  private constructor(worker: WorkerContext) {
    this.#worker = worker;
    this.#sessions = Array.from(
      { length: CONNECTIONS },
      (_, row) => new Session(worker, { id: row, row, outbox: -1, closeReason: CloseReason.NORMAL }, this),
    );
  }

  static async open(): Promise<Engine> {
    raiseInliningBudget();
    return new Engine(await openEngine({ memoryLimitBytes: MEMORY_BYTES }));
  }

  flush(): boolean {
    throw new Error('Cannot flush: no row fills the output');
  }

  /** Stores the row's keys. */
  fill(row: EngineRow): void {
    const session = this.#sessions[0];
    for (let key = 0; key < row.keyCount; key++) {
      const bytes = setRequest('text', row, key);
      this.#worker.input.set(bytes);
      this.#worker.output.at = 0;
      if (session.run(bytes.length) !== Outcome.OPEN) throw new Error(`Cannot store key ${key} of ${row.id}`);
    }
  }

  /** Sessions for a row: a connection speaks one dialect for its whole life. */
  run(row: EngineRow): RowRun {
    const sessions = this.#sessions.map(({ connection }) => new Session(this.#worker, connection, this));
    return new RowRun(this.#worker, sessions, row, makeBatches(row));
  }
}

/** A row that runs: takes samples, each over batches of its own. */
export class RowRun {
  readonly row: EngineRow;
  readonly #worker: WorkerContext;
  readonly #sessions: readonly Session[];
  readonly #batches: Batches;
  readonly #views: readonly Uint8Array[];
  #next = 0;

  constructor(worker: WorkerContext, sessions: readonly Session[], row: EngineRow, batches: Batches) {
    this.row = row;
    this.#worker = worker;
    this.#sessions = sessions;
    this.#batches = batches;
    this.#views = Array.from(batches.ends, (end, i) => batches.bytes.subarray(i === 0 ? 0 : batches.ends[i - 1], end));
  }

  /** Nanoseconds an operation takes, from the mean of `batches` of them; with `isEmpty` what the receiving alone takes. */
  sample(batches: number, isEmpty: boolean): number {
    const start = process.hrtime.bigint();
    let replyBytes = 0;
    for (let i = 0; i < batches; i++) replyBytes += isEmpty ? this.#receive().length : this.#serve();
    const elapsed = Number(process.hrtime.bigint() - start);
    if (!isEmpty) this.#check(replyBytes, batches);
    return elapsed / (batches * this.#batches.operationsPerBatch);
  }

  /** Serves for a while. */
  warmUp(milliseconds: number): void {
    const end = process.hrtime.bigint() + BigInt(milliseconds * NANOSECONDS_PER_MS);
    while (process.hrtime.bigint() < end) this.sample(1, false);
  }

  #receive(): Uint8Array {
    const view = this.#views[this.#next];
    this.#next = this.#next + 1 === this.#views.length ? 0 : this.#next + 1;
    this.#worker.input.set(view);
    return view;
  }

  #serve(): number {
    const session = this.#sessions[this.#next % CONNECTIONS];
    const { length } = this.#receive();
    session.hold();
    const { output } = this.#worker;
    output.at = 0;
    if (session.run(length) !== Outcome.OPEN) throw new Error(`Cannot serve ${this.row.id}: it did not end`);
    return output.at;
  }

  /** A miss or an error would be shorter than any hit, and of another length than STORED. */
  #check(replyBytes: number, batches: number): void {
    const { id, verb, dialect, depth, valueBytes } = this.row;
    const stored = { text: 8, meta: 4, binary: 24 }[dialect];
    const isGood =
      verb === 'set' ? replyBytes === batches * depth * stored : replyBytes >= batches * depth * valueBytes;
    if (!isGood) throw new Error(`Cannot believe ${id}: ${replyBytes} bytes of replies to ${batches} batches`);
  }
}
