/**
 * A session without a socket, for tests: bytes in, bytes out, with a transport that can be told to block.
 *
 * Worker and store are real. Text is latin1. `send` plays the transport: it holds, receives, runs, and goes on after a yield or a block
 * until the session waits for input.
 */
import { createArena, Store, type StoreOptions, verify } from '@shoal/store';
import { INPUT_BYTES } from '../input-memory.js';
import { openMemory } from '../make-context.js';
import type { ServerOptions } from '../options.js';
import { Session } from '../session.js';
import { CloseReason, type ConnectionInfo, type Flusher, Outcome, type WorkerContext } from '../worker-context.js';
import { AdminWorker, NOW, ROWS } from './admin-worker.js';

export interface ConversationOptions {
  readonly server?: ServerOptions;
  readonly store?: Partial<StoreOptions>;
}

/** A worker with a store of its own; many conversations may share it. */
export function makeWorker(options: ConversationOptions = {}): WorkerContext {
  const { worker } = new AdminWorker(options.server);
  if (options.store === undefined) return worker;
  const store = new Store(createArena({ rows: ROWS, isWeaklyOrdered: false, ...options.store }), 0);
  store.clock.set(NOW);
  return { ...worker, ...openMemory(store) };
}

export class Conversation implements Flusher {
  readonly worker: WorkerContext;
  readonly connection: ConnectionInfo = { id: 1, row: 1, outbox: -1, closeReason: CloseReason.ERROR };
  readonly session: Session;
  /** Outcome of the last run. */
  outcome: number = Outcome.OPEN;
  /** Every outcome since the beginning. */
  readonly outcomes: number[] = [];
  /** Whether the transport takes everything at the next flush. */
  takesAll: () => boolean = () => true;
  /** Largest output ever handed over at once. */
  largestFlushBytes = 0;
  readonly #sent: Buffer[] = [];

  constructor(worker: WorkerContext = makeWorker()) {
    this.worker = worker;
    this.session = new Session(worker, this.connection, this);
  }

  flush(): boolean {
    this.#takeOutput();
    return this.takesAll();
  }

  /** Sends `bytes` in one piece, or in pieces of `pieceBytes`; answers all that came back. */
  send(bytes: string | Uint8Array, pieceBytes = INPUT_BYTES): string {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    for (let at = 0; at < data.length && this.outcome !== Outcome.CLOSE; ) at += this.#receive(data, at, pieceBytes);
    return this.received();
  }

  /** Sends what fits the receive buffer and runs once; answers the Outcome. The reply waits for `drain` or `received`. */
  receive(text: string): number {
    const held = this.session.hold();
    this.worker.input.set(Buffer.from(text, 'latin1'), held);
    return this.#note(this.session.run(held + text.length));
  }

  /** Runs on until nothing is left to do; answers all that came back. */
  drain(): string {
    while (this.outcome === Outcome.YIELD || this.outcome === Outcome.BLOCKED) this.resume();
    return this.received();
  }

  /** The same in two pieces, cut at `at`. */
  sendCut(bytes: string, at: number): string {
    return this.send(bytes.slice(0, at)) + this.send(bytes.slice(at));
  }

  /** What came back since the last call. */
  received(): string {
    this.#takeOutput();
    return Buffer.concat(this.#sent.splice(0)).toString('latin1');
  }

  /** One run without new input, as after a yield or when a backlog has drained. */
  resume(): number {
    return this.#note(this.session.run(this.session.hold()));
  }

  /** Broken invariants of the store. */
  flaws(): string[] {
    return verify(this.worker.store);
  }

  #receive(data: Buffer, at: number, pieceBytes: number): number {
    const held = this.session.hold();
    const count = Math.min(pieceBytes, INPUT_BYTES - held, data.length - at);
    this.worker.input.set(data.subarray(at, at + count), held);
    this.#note(this.session.run(held + count));
    while (this.outcome === Outcome.YIELD || this.outcome === Outcome.BLOCKED) this.resume();
    return count;
  }

  #note(outcome: number): number {
    this.outcome = outcome;
    this.outcomes.push(outcome);
    return outcome;
  }

  #takeOutput(): void {
    const { output } = this.worker;
    this.largestFlushBytes = Math.max(this.largestFlushBytes, output.waiting);
    this.#sent.push(Buffer.from(output.slice(output.start)));
    output.clear();
  }
}
