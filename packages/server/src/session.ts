/**
 * A session: the bytes of one connection in, commands, bytes out. It knows no socket: the transport fills worker.input, calls `run`, and
 * sends worker.output. One object a connection, used by one worker thread; between two runs it holds nothing but what is unfinished.
 *
 *   COMMANDS ─ a data block is not all here ─▶ BLOCK      the private item of a set fills up as bytes arrive
 *            ─ a refused block, a refused line ─▶ SWALLOW its reply leaves when the rest has been thrown away
 *            ─ the output is blocked in a reply ─▶ REPLY  a pinned value, or keys of a get, still to be answered
 *            ─ a get line longer than the input ─▶ GATHER until its LF comes
 *            ─ config set ─▶ UPLOAD                       the configuration's text arrives
 *            ─ watch, key dump ─▶ OUTBOX                  another thread writes what is sent
 *
 * Limits: held input fits the receive buffer, a gathered line is bounded in key-line.ts, the output stands at most at
 * OUTPUT_HIGH_WATER_BYTES and one small reply when `run` returns.
 */
import { Decoded, Dialect, dialectOf, Status, skipLine, writeBinaryError, writeStatus } from '@shoal/protocol';
import type { CommandSession } from './commands/context.js';
import { dropTicket, failBlock, finishLateBlock, missingBlockBytes, takeBlock } from './commands/data-block.js';
import { execute } from './commands/index.js';
import type { StoreTicket } from './commands/store-ticket.js';
import { abandonOutbox, pumpOutbox } from './commands/watch.js';
import type { ConfigUpload } from './config-upload.js';
import { ConnectionState } from './connection-table.js';
import { HeldInput } from './held-input.js';
import { INPUT_BYTES } from './input-memory.js';
import { gatherLimitBytes, KeyLine } from './key-line.js';
import { OUTPUT_HIGH_WATER_BYTES } from './reply-writer.js';
import { ServerCounter } from './server-counters.js';
import { BindingProtocol } from './settings.js';
import { Swallow } from './swallow.js';
import { ValueStream } from './value-stream.js';
import { CloseReason, type ConnectionInfo, type Flusher, Outcome, type WorkerContext } from './worker-context.js';

const Phase = { COMMANDS: 0, BLOCK: 1, SWALLOW: 2, REPLY: 3, GATHER: 4, UPLOAD: 5, OUTBOX: 6, CLOSED: 7 } as const;

/** What `stats conns` shows between two runs. */
const STATE_OF_PHASE: readonly number[] = [
  ConnectionState.READ,
  ConnectionState.NREAD,
  ConnectionState.SWALLOW,
  ConnectionState.MWRITE,
  ConnectionState.READ,
  ConnectionState.NREAD,
  ConnectionState.WATCH,
  ConnectionState.CLOSING,
];

/** The dialect of a connection that has sent nothing yet. */
const UNDECIDED = -1;

export class Session implements CommandSession {
  readonly connection: ConnectionInfo;
  inputEnd = 0;
  readonly #worker: WorkerContext;
  readonly #flusher: Flusher;
  #dialect: number;
  #phase: number = Phase.COMMANDS;
  #shownState: number = ConnectionState.READ;
  /** First byte of input that is not used up. */
  #at = 0;
  readonly #held = new HeldInput();
  #ticket: StoreTicket | null = null;
  #swallow: Swallow | null = null;
  #stream: ValueStream | null = null;
  #line: KeyLine | null = null;
  #upload: ConfigUpload | null = null;

  constructor(worker: WorkerContext, connection: ConnectionInfo, flusher: Flusher) {
    this.#worker = worker;
    this.connection = connection;
    this.#flusher = flusher;
    this.#dialect = initialDialect(worker.settings.protocol);
  }

  /** An outbox feeds the connection: call `pump` when it has something. */
  get isStreaming(): boolean {
    return this.#phase === Phase.OUTBOX;
  }

  /** Nothing is held and nothing is under way: what is received next may lie anywhere in worker.input. */
  get isBetweenCommands(): boolean {
    return this.#phase === Phase.COMMANDS && this.#held.isEmpty;
  }

  /**
   * Puts held bytes at the front of worker.input; returns how many. New bytes go behind them: there is room for some, except during a key
   * dump after `run` has answered BLOCKED.
   */
  hold(): number {
    return this.#held.putInto(this.#worker.input);
  }

  /**
   * Serves worker.input[start..end); returns an Outcome. From 0 on lie what `hold` put there and what was received behind it; what was
   * received anywhere else comes alone, with nothing held.
   */
  run(end: number, start = 0): number {
    const worker = this.#worker;
    this.#held.drop();
    this.#at = start;
    this.inputEnd = end;
    worker.connections.markCommand(this.connection.row, worker.store.now());
    let outcome: number = Outcome.OPEN;
    if (this.#phase !== Phase.COMMANDS) outcome = this.#resume();
    if (outcome === Outcome.OPEN && this.#at < end) outcome = this.#serve();
    this.#settle(outcome);
    return outcome;
  }

  /** Moves what the outbox holds to the output. STREAM: more may come; BLOCKED; OPEN: the dump is over, run held input; CLOSE. */
  pump(): number {
    const worker = this.#worker;
    for (;;) {
      const outcome = pumpOutbox(worker, this.connection.outbox);
      if (outcome === Outcome.OPEN) {
        this.connection.outbox = -1;
        this.#phase = Phase.COMMANDS;
      }
      if (worker.output.waiting === 0 || outcome !== Outcome.STREAM) return outcome;
      if (!this.flush()) return Outcome.BLOCKED;
    }
  }

  /** Lets go of everything the connection holds. A second call does nothing. */
  close(): void {
    const worker = this.#worker;
    if (this.#ticket !== null) dropTicket(worker, this.#ticket);
    if (this.#stream !== null) this.#stream.end(worker);
    if (this.#line !== null) this.#line.release();
    if (this.#phase === Phase.OUTBOX) abandonOutbox(worker, this.connection.outbox);
    this.#ticket = null;
    this.#stream = null;
    this.#line = null;
    this.#upload = null;
    this.#held.drop();
    this.#phase = Phase.CLOSED;
  }

  // For commands: CommandSession

  flush(): boolean {
    return this.#flusher.flush();
  }

  awaitBlock(ticket: StoreTicket): number {
    this.#ticket = ticket;
    this.#phase = Phase.BLOCK;
    return this.#takeBlock(this.#worker.request.next);
  }

  awaitUpload(upload: ConfigUpload): number {
    this.#upload = upload;
    this.#phase = Phase.UPLOAD;
    return this.#takeUpload(this.#worker.request.next);
  }

  refuse(mark: number, blockBytes: number): number {
    const { request, output } = this.#worker;
    const blockEnd = request.next + blockBytes;
    if (blockEnd <= this.inputEnd) {
      request.next = blockEnd;
      return Outcome.OPEN;
    }
    this.#swallow = new Swallow(blockEnd - this.inputEnd, output.bytes.slice(mark, output.at));
    this.#phase = Phase.SWALLOW;
    output.at = mark;
    request.next = this.inputEnd;
    return Outcome.OPEN;
  }

  streamValue(ref: number, hash: number, endsLine: boolean): boolean {
    this.#stream = new ValueStream(this.#worker, ref, hash, endsLine);
    return this.#pumpValue();
  }

  keepKeys(op: number, exptime: number, from: number, lineEnd: number): void {
    this.#phase = Phase.REPLY;
    if (this.#line === null) this.#line = KeyLine.keeping(this.#worker.input, from, lineEnd, op, exptime);
    else this.#line.keepFrom(from);
  }

  // Commands

  /** Runs the commands of worker.input from #at on, as many as a turn allows. */
  #serve(): number {
    const worker = this.#worker;
    const { ahead, settings } = worker;
    const end = this.inputEnd;
    if (this.#dialect === UNDECIDED) this.#dialect = dialectOf(worker.input[this.#at]);
    for (let left = settings.requestsPerEvent; this.#at < end; ) {
      if (left === 0) {
        worker.counters[ServerCounter.CONN_YIELDS]++;
        return Outcome.YIELD;
      }
      const count = ahead.look(this.#dialect, this.#at, end, left);
      // A command that does not begin where the one before it ended was decoded in vain.
      for (let i = 0; i < count && ahead.starts[i] === this.#at; i++, left--) {
        worker.request = ahead.requests[i];
        worker.keyHash = ahead.hashes[i];
        if (ahead.decoded[i] === Decoded.NEED_MORE) return Outcome.OPEN;
        const outcome = this.#serveOne(ahead.decoded[i]);
        if (outcome !== Outcome.OPEN) return outcome;
      }
    }
    return Outcome.OPEN;
  }

  /** Runs worker.request, and sends what has come together if it is much. */
  #serveOne(decoded: number): number {
    const worker = this.#worker;
    const outcome = decoded === Decoded.READY ? execute(worker, this) : this.#answerUnready(decoded);
    this.#at = worker.request.next;
    if (outcome !== Outcome.OPEN) return outcome;
    return worker.output.waiting >= OUTPUT_HIGH_WATER_BYTES && !this.flush() ? Outcome.BLOCKED : Outcome.OPEN;
  }

  /** Closes because of what the client sent. */
  #abort(): number {
    this.connection.closeReason = CloseReason.ERROR;
    return Outcome.CLOSE;
  }

  /** What decode() found is not a command to run. Leaves request.next where to go on. */
  #answerUnready(decoded: number): number {
    const { request, output } = this.#worker;
    if (decoded === Decoded.CLOSE) return this.#abort();
    if (decoded === Decoded.PARTIAL_KEYS) return this.#beginLine();
    const mark = output.at;
    if (!request.noreply) this.#writeRefusal();
    if (request.closes) return this.#abort();
    if (request.swallowLine) return this.#refuseLine(mark);
    return this.refuse(mark, request.swallowBytes);
  }

  #writeRefusal(): void {
    const { request, output } = this.#worker;
    if (this.#dialect === Dialect.BINARY)
      writeBinaryError(output, request.opcode, request.status, request.opaque, 0, 0);
    else writeStatus(output, request.status);
  }

  /** A refused line has not ended yet: the reply at `mark` leaves behind its LF. */
  #refuseLine(mark: number): number {
    const { request, output } = this.#worker;
    this.#swallow = Swallow.restOfLine(output.bytes.slice(mark, output.at));
    this.#phase = Phase.SWALLOW;
    output.at = mark;
    request.next = this.inputEnd;
    return Outcome.OPEN;
  }

  // Going on with what an earlier run left

  #resume(): number {
    switch (this.#phase) {
      case Phase.BLOCK:
        return this.#takeBlock(this.#at);
      case Phase.SWALLOW:
        return this.#throwAway();
      case Phase.REPLY:
        return this.#continueReply();
      case Phase.GATHER:
        return this.#gatherLine(this.#at);
      case Phase.UPLOAD:
        return this.#takeUpload(this.#at);
      default:
        return this.#listenWhileStreaming();
    }
  }

  /** Takes what has come of a data block, from input[at] on. */
  #takeBlock(at: number): number {
    const worker = this.#worker;
    const ticket = this.#ticket!;
    const missing = missingBlockBytes(ticket);
    const end = Math.min(at + missing, this.inputEnd);
    this.#moveTo(end);
    if (!takeBlock(worker, ticket, at, end)) return this.#failBlock(at, missing);
    if (end - at < missing) return Outcome.OPEN;
    this.#ticket = null;
    this.#phase = Phase.COMMANDS;
    finishLateBlock(worker, this.connection.id, ticket);
    return Outcome.OPEN;
  }

  /** No memory for the value: the error leaves once the rest of the block, input[at..at+missing), is thrown away. */
  #failBlock(at: number, missing: number): number {
    const worker = this.#worker;
    const mark = worker.output.at;
    failBlock(worker, this.#ticket!);
    this.#ticket = null;
    this.#phase = Phase.COMMANDS;
    worker.request.next = at;
    this.refuse(mark, missing);
    this.#at = worker.request.next;
    return Outcome.OPEN;
  }

  /** Input is used up to `at`, for the loop that runs commands and for the one that resumes. */
  #moveTo(at: number): void {
    this.#at = at;
    this.#worker.request.next = at;
  }

  #throwAway(): number {
    const { input, inputView, output } = this.#worker;
    const swallow = this.#swallow!;
    this.#moveTo(swallow.skip(input, inputView, this.#at, this.inputEnd));
    if (!swallow.isOver) return Outcome.OPEN;
    output.ensure(swallow.reply.length);
    output.copy(swallow.reply, 0, swallow.reply.length);
    this.#swallow = null;
    this.#phase = Phase.COMMANDS;
    return Outcome.OPEN;
  }

  /** A value first, then the keys behind it. */
  #continueReply(): number {
    if (this.#stream !== null && !this.#pumpValue()) return Outcome.BLOCKED;
    this.#phase = Phase.COMMANDS;
    return this.#line === null ? Outcome.OPEN : this.#answerLine();
  }

  #pumpValue(): boolean {
    if (!this.#stream!.pump(this.#worker, this)) {
      this.#phase = Phase.REPLY;
      return false;
    }
    this.#stream = null;
    return true;
  }

  /** A get whose line does not fit the input: it is gathered whole before it is answered. */
  #beginLine(): number {
    this.#line = KeyLine.gathering();
    this.#phase = Phase.GATHER;
    return this.#gatherLine(this.#at);
  }

  #gatherLine(at: number): number {
    const { input, inputView, settings, counters, output } = this.#worker;
    const next = skipLine(input, inputView, at, this.inputEnd);
    const end = next < 0 ? this.inputEnd : next;
    this.#moveTo(end);
    const limit = gatherLimitBytes(settings.readBufferMemoryLimitBytes, settings.threads);
    if (!this.#line!.append(input, at, end, limit)) {
      counters[ServerCounter.READ_BUF_OOM]++;
      writeStatus(output, Status.NO_MEMORY_REQUEST);
      return this.#abort();
    }
    if (next < 0) return Outcome.OPEN;
    this.#phase = Phase.COMMANDS;
    return this.#answerLine();
  }

  /** Answers the keys of #line, as many as the transport takes. */
  #answerLine(): number {
    const outcome = this.#line!.serve(this.#worker, this);
    this.#worker.request.next = this.#at;
    if (outcome === Outcome.BLOCKED) {
      this.#phase = Phase.REPLY;
    } else {
      this.#line!.release();
      this.#line = null;
    }
    return outcome;
  }

  #takeUpload(at: number): number {
    const worker = this.#worker;
    const upload = this.#upload!;
    this.#moveTo(at + upload.take(worker.input, at, this.inputEnd));
    if (!upload.isComplete) return Outcome.OPEN;
    this.#upload = null;
    this.#phase = Phase.COMMANDS;
    return upload.finish(worker);
  }

  /** A watcher's input is thrown away, as memcached does; what comes during a key dump waits for its end. BLOCKED: no room for more. */
  #listenWhileStreaming(): number {
    const { outboxes } = this.#worker;
    if (outboxes.isWatch(this.connection.outbox)) this.#at = this.inputEnd;
    else if (this.inputEnd === INPUT_BYTES) return Outcome.BLOCKED;
    return Outcome.STREAM;
  }

  // Between runs

  #settle(outcome: number): void {
    if (outcome === Outcome.STREAM) this.#phase = Phase.OUTBOX;
    if (outcome !== Outcome.CLOSE && this.#at < this.inputEnd) {
      this.#held.keep(this.#worker.input, this.#at, this.inputEnd);
    }
    const state = outcome === Outcome.BLOCKED ? ConnectionState.MWRITE : STATE_OF_PHASE[this.#phase];
    if (state !== this.#shownState) {
      this.#shownState = state;
      this.#worker.connections.markState(this.connection.row, state);
    }
  }
}

function initialDialect(protocol: number): number {
  if (protocol === BindingProtocol.ASCII) return Dialect.TEXT;
  return protocol === BindingProtocol.BINARY ? Dialect.BINARY : UNDECIDED;
}
