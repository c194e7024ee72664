/**
 * `node bench/dist/growth/expansion.js PORT KEYS STEADY_SECONDS CORE`: stores keys without a pause while one connection more gets one key at a
 * time, then goes on with sets of the same keys; tells the latency of those gets for every tenth of a second.
 *
 * Started by expansion-run.ts as a process of its own, so that nothing but the load runs on its core. Both kinds of work go through one loop:
 * a server that stalls stalls the gets, and a get waits for no more than the sets that were there before it. Prints one line of JSON.
 * Every reply is checked; gets ask only for keys whose set has been answered.
 */
import { Histogram } from '../load/histogram.js';
import { KeySpace } from '../load/key-space.js';
import { LoadLoop, type Phase } from '../load/load-loop.js';
import { LOAD_DEFAULTS } from '../load/load-options.js';
import { Memory } from '../load/memory.js';
import { Random } from '../load/random.js';
import { BatchComposer, type Workload } from '../load/workload.js';
import { pinSelf } from '../machine/pinning.js';
import { type ExpansionReport, WINDOW_MS, type Window } from './windows.js';

/** Connections that store; the one behind them gets. */
const STORERS = 4;
/** For templates and value pattern, and for one batch. */
const PREPARED_BYTES = 1 << 20;
const ROOM_BYTES = 1 << 16;
const SEED = 1;

const WORKLOAD: Workload = {
  verb: 'set',
  dialect: 'text',
  depth: 16,
  keysPerGet: 1,
  valueBytes: LOAD_DEFAULTS.valueBytes,
};

class Expansion {
  readonly #composer: BatchComposer;
  readonly #loop: LoadLoop;
  readonly #keyCount: number;
  readonly #random = new Random(SEED);
  readonly #latencies = new Histogram();
  #windows: Window[] = [];
  /** First key that each storing connection has under way. */
  readonly #underWay = new Float64Array(STORERS).fill(Number.POSITIVE_INFINITY);
  #nextKey = 0;
  #setCount = 0;
  #windowStartedAt = 0;

  constructor(port: number, keyCount: number) {
    const memory = new Memory(PREPARED_BYTES + LoadLoop.memoryBytes(STORERS + 1, ROOM_BYTES));
    const choice = { random: new Random(SEED), keyCount };
    this.#keyCount = keyCount;
    this.#composer = new BatchComposer(new KeySpace(memory, WORKLOAD.valueBytes), WORKLOAD, choice);
    const target = { host: '127.0.0.1', port, connections: STORERS + 1 };
    this.#loop = new LoadLoop(memory, this.#composer, new Histogram(), target);
  }

  run(steadyMs: number): ExpansionReport {
    this.#storeFirst();
    const growing = this.#phase({
      until: Number.POSITIVE_INFINITY,
      compose: (requestAt, replyAt, connection) => this.#grow(requestAt, replyAt, connection),
    });
    const steady = this.#phase({
      until: performance.now() + steadyMs,
      compose: (requestAt, replyAt, connection) => this.#goOn(requestAt, replyAt, connection),
    });
    this.#loop.close();
    return { keyCount: this.#keyCount, growing, steady };
  }

  /** One batch by itself, so that the first get finds a key. */
  #storeFirst(): void {
    this.#loop.run({
      until: Number.POSITIVE_INFINITY,
      compose: (requestAt, replyAt, connection) => {
        if (this.#nextKey > 0) return false;
        this.#storeNew(requestAt, replyAt, connection);
        return true;
      },
    });
    this.#underWay.fill(Number.POSITIVE_INFINITY);
  }

  #phase(phase: Omit<Phase, 'answered'>): Window[] {
    const windows: Window[] = [];
    this.#windows = windows;
    this.#windowStartedAt = performance.now();
    this.#loop.run({ ...phase, answered: (connection, micros) => this.#onAnswered(connection, micros) });
    this.#endWindow(performance.now());
    return windows;
  }

  #grow(requestAt: number, replyAt: number, connection: number): boolean {
    if (this.#nextKey >= this.#keyCount) return false;
    if (connection < STORERS) this.#storeNew(requestAt, replyAt, connection);
    else this.#composer.composeGet(requestAt, replyAt, this.#storedKey());
    return true;
  }

  #goOn(requestAt: number, replyAt: number, connection: number): boolean {
    if (connection < STORERS) this.#composer.compose(requestAt, replyAt);
    else this.#composer.composeGet(requestAt, replyAt, this.#storedKey());
    return true;
  }

  #storeNew(requestAt: number, replyAt: number, storer: number): void {
    const count = Math.min(this.#composer.preloadDepth, this.#keyCount - this.#nextKey);
    this.#composer.composePreload(requestAt, replyAt, { first: this.#nextKey, count });
    this.#underWay[storer] = this.#nextKey;
    this.#nextKey += count;
  }

  /** A key below all that are under way. */
  #storedKey(): number {
    let bound = this.#nextKey;
    for (const first of this.#underWay) if (first < bound) bound = first;
    return this.#random.below(bound);
  }

  #onAnswered(connection: number, micros: number): void {
    if (connection < STORERS) {
      this.#underWay[connection] = Number.POSITIVE_INFINITY;
      this.#setCount += WORKLOAD.depth;
      return;
    }
    this.#latencies.record(micros);
    const now = performance.now();
    if (now - this.#windowStartedAt >= WINDOW_MS) this.#endWindow(now);
  }

  #endWindow(now: number): void {
    this.#windows.push({
      endedAtMs: performance.timeOrigin + now,
      lengthMs: now - this.#windowStartedAt,
      sets: this.#setCount,
      keys: Math.min(this.#nextKey, this.#keyCount),
      latencies: this.#latencies.entries(),
      maxMicros: this.#latencies.max,
    });
    this.#latencies.reset();
    this.#setCount = 0;
    this.#windowStartedAt = now;
  }
}

const [port, keyCount, steadySeconds, core] = process.argv.slice(2).map(Number);
const warning = pinSelf(core);
if (warning !== undefined) console.error(warning);
console.log(JSON.stringify(new Expansion(port, keyCount).run(steadySeconds * 1000)));
