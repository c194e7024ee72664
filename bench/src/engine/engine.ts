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
import { type EngineRow, makeBatches } from './workloads.js';

const MEMORY_BYTES = 1024 * 1024 * 1024;
const CONNECTIONS = 50;
const WARM_UPS = 3;
const WARM_UP_MS = 150;
const SAMPLE_US = 1000;
const FIRST_BATCHES = 64;
const RECEIVINGS = 20;
/** STORED, HD and the header of a success. */
const STORED_BYTES = { text: 8, meta: 4, binary: 24 } as const;

export class Engine implements Flusher {
  /** The rows, warm. */
  readonly runs: readonly RowRun[];
  readonly #worker: WorkerContext;

  private constructor(worker: WorkerContext, rows: readonly EngineRow[]) {
    this.#worker = worker;
    for (const row of rowsOfDistinctItems(rows)) this.#fill(row);
    this.runs = rows.map((row) => new RowRun(worker, this.#openSessions(), row));
    for (let i = 0; i < WARM_UPS; i++) for (const run of this.runs) run.warmUp();
  }

  static async open(rows: readonly EngineRow[]): Promise<Engine> {
    raiseInliningBudget();
    return new Engine(await openEngine({ memoryLimitBytes: MEMORY_BYTES }), rows);
  }

  flush(): boolean {
    throw new Error('Cannot flush: no row fills the output');
  }

  /** A connection speaks one dialect for its whole life: every row has its own. */
  #openSessions(): Session[] {
    return Array.from(
      { length: CONNECTIONS },
      (_, row) => new Session(this.#worker, { id: row, row, outbox: -1, closeReason: CloseReason.NORMAL }, this),
    );
  }

  /** Stores the row's keys. */
  #fill(row: EngineRow): void {
    const [session] = this.#openSessions();
    for (let key = 0; key < row.keyCount; key++) {
      const bytes = setRequest('text', row, key);
      this.#worker.input.set(bytes);
      this.#worker.output.at = 0;
      if (session.run(bytes.length) !== Outcome.OPEN) throw new Error(`Cannot store key ${key} of ${row.id}`);
    }
  }
}

/** One row for each set of items that rows share. */
function rowsOfDistinctItems(rows: readonly EngineRow[]): EngineRow[] {
  return [...new Map(rows.map((row) => [`${row.valueBytes} ${row.keyCount}`, row])).values()];
}

/** A row that runs: its connections take turns. */
export class RowRun {
  readonly row: EngineRow;
  readonly #worker: WorkerContext;
  readonly #sessions: readonly Session[];
  /** One receive each. */
  readonly #batches: readonly Uint8Array[];
  /** Batches a sample serves, and what receiving them takes. */
  #sampleBatches = FIRST_BATCHES;
  #receivingUs = 0;
  #next = 0;

  constructor(worker: WorkerContext, sessions: readonly Session[], row: EngineRow) {
    this.row = row;
    this.#worker = worker;
    this.#sessions = sessions;
    this.#batches = makeBatches(row);
  }

  /** Nanoseconds an operation takes, the receiving left out. */
  sample(): number {
    return (1000 * (this.#serve() - this.#receivingUs)) / (this.#sampleBatches * this.row.depth);
  }

  /** Serves for a while, and finds how many batches make a sample of the right length. */
  warmUp(): void {
    const end = performance.now() + WARM_UP_MS;
    let least = Number.POSITIVE_INFINITY;
    while (performance.now() < end) least = Math.min(least, this.#serve());
    this.#sampleBatches = Math.max(1, Math.round((this.#sampleBatches * SAMPLE_US) / least));
    this.#receivingUs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < RECEIVINGS; i++) this.#receivingUs = Math.min(this.#receivingUs, this.#receive());
  }

  /** Microseconds of CPU for serving a sample. */
  #serve(): number {
    const { output } = this.#worker;
    const start = cpuUs();
    let replyBytes = 0;
    for (let i = 0; i < this.#sampleBatches; i++) {
      const session = this.#sessions[this.#next % CONNECTIONS];
      const held = session.hold();
      output.at = 0;
      if (session.run(held + this.#receiveNext()) !== Outcome.OPEN) throw new Error(`Cannot serve ${this.row.id}`);
      replyBytes += output.at;
    }
    const elapsed = cpuUs() - start;
    this.#check(replyBytes);
    return elapsed;
  }

  /** The same for putting a sample into the receive buffer. */
  #receive(): number {
    const start = cpuUs();
    for (let i = 0; i < this.#sampleBatches; i++) this.#receiveNext();
    return cpuUs() - start;
  }

  #receiveNext(): number {
    const batch = this.#batches[this.#next];
    this.#next = this.#next + 1 === this.#batches.length ? 0 : this.#next + 1;
    this.#worker.input.set(batch);
    return batch.length;
  }

  /** A miss or an error would be shorter than any hit, and of another length than STORED. */
  #check(replyBytes: number): void {
    const { id, verb, dialect, depth, valueBytes } = this.row;
    const replies = this.#sampleBatches * depth;
    const isGood = verb === 'set' ? replyBytes === replies * STORED_BYTES[dialect] : replyBytes >= replies * valueBytes;
    if (!isGood) throw new Error(`Cannot believe ${id}: ${replyBytes} bytes answer ${replies} requests`);
  }
}

/** Time in which others had the core does not count. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
