/**
 * One connection to one node: requests out in batches, replies matched first in, first out, deadlines.
 *
 * Owned by a NodeLink, which makes a new one when this has closed. Requests are taken while it still connects and leave
 * with the first write. All requests of a tick leave in one write, from process.nextTick. A request past its deadline is
 * failed and its place kept, until its reply comes; a connection whose oldest request is past its deadline by
 * stallTimeoutMs is destroyed. Bounds: maxQueuedRequests, maxQueuedBytes, one receive buffer.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { BatchWriter } from './batch-writer.js';
import { MalformedReplyError, QueueFullError, RequestTimeoutError } from './errors.js';
import type { ResolvedOptions } from './options.js';
import { ReplyReader, type ReplySink } from './reply-reader.js';
import { Taken, takeReply, winToGiveBack } from './reply-results.js';
import { type Key, Op, Request, Verb } from './request.js';
import { RequestQueue } from './request-queue.js';

/** Why a connection is gone. */
export interface Ending {
  readonly connection: Connection;
  /** Null: the node closed it, or it was drained, with nothing amiss. A RequestTimeoutError: it stalled. */
  readonly error: Error | null;
  readonly wasOpen: boolean;
  /** Replies that came over it. */
  readonly replyCount: number;
  /** In order; those from `unsentFrom` on never reached the socket. */
  readonly unanswered: readonly Request[];
  readonly unsentFrom: number;
}

export interface ConnectionOwner {
  onOpen(connection: Connection): void;
  onEnd(ending: Ending): void;
}

export interface ConnectionTarget {
  /** `host:port`, for messages. */
  readonly name: string;
  /** Tried in this order until one connects. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** The name in the certificate. */
  readonly hostname: string;
}

const RECEIVE_BYTES = 64 * 1024;
/** A long queue is looked through no more often than this. */
const SWEEP_SPACING_MS = 10;
/** No deadline is pending. */
const NEVER = Number.POSITIVE_INFINITY;

type Phase =
  | { readonly kind: 'connecting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' };

export class Connection implements ReplySink {
  readonly #target: ConnectionTarget;
  readonly #options: ResolvedOptions;
  readonly #owner: ConnectionOwner;
  readonly #queue = new RequestQueue();
  readonly #writer: BatchWriter;
  readonly #reader: ReplyReader;
  readonly #flush = (): void => this.#flushBatch();
  #phase!: Phase;
  #socket!: Socket;
  #hostIndex = 0;
  #error: Error | null = null;
  #isOpen = false;
  #isBlocked = false;
  #isFlushDue = false;
  #isDraining = false;
  #unsentCount = 0;
  #replyCount = 0;
  /** When the batch that is being gathered began: one reading of the clock for all its requests. */
  #batchAtMs = 0;
  #sweepAtMs = NEVER;
  #sweepTimer: NodeJS.Timeout | null = null;

  constructor(target: ConnectionTarget, options: ResolvedOptions, owner: ConnectionOwner) {
    this.#target = target;
    this.#options = options;
    this.#owner = owner;
    this.#writer = new BatchWriter(options.maxValueBytes);
    this.#reader = new ReplyReader(this, options.maxValueBytes);
    this.#connect();
  }

  get pendingCount(): number {
    return this.#queue.length;
  }

  /** Throws a QueueFullError, BadKeyError or BadValueError, and then has not taken it. */
  send(request: Request): void {
    const { maxQueuedRequests, maxQueuedBytes } = this.#options;
    if (this.#queue.length >= maxQueuedRequests) throw this.#full(request, `${maxQueuedRequests} requests`);
    if (this.#writer.at >= maxQueuedBytes) throw this.#full(request, `${maxQueuedBytes} bytes`);
    this.#writer.write(request);
    request.node = this.#target.name;
    if (request.op === Op.GET_MANY || request.op === Op.STATS) request.results = [];
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      this.#batchAtMs = performance.now();
      process.nextTick(this.#flush);
    }
    if (request.deadlineAtMs === 0) request.deadlineAtMs = this.#batchAtMs + request.timeoutMs;
    this.#queue.push(request);
    this.#unsentCount++;
    if (request.deadlineAtMs < this.#sweepAtMs) this.#sweepBy(request.deadlineAtMs);
  }

  /** Takes no more, finishes what it has, then closes. */
  drain(): void {
    this.#isDraining = true;
    if (this.#queue.length === 0) this.destroy(null);
  }

  /** Closes at once; what is unanswered goes back to the owner. */
  destroy(error: Error | null): void {
    if (this.#phase.kind === 'closed') return;
    this.#error ??= error;
    this.#finish();
  }

  onReply(reply: ReplyReader): void {
    const request = this.#queue.first;
    if (request === undefined) {
      this.onMalformed('it answers what nobody asked');
      return;
    }
    const won = reply.isWon ? winToGiveBack(request, reply) : null;
    const taken = takeReply(request, reply);
    if (won !== null) this.#giveBack(won, request.timeoutMs);
    if (taken === Taken.MORE) return;
    if (taken === Taken.FOREIGN) {
      this.onMalformed(`"${reply.lineText().slice(0, 80)}" answers no ${request.name}`);
      return;
    }
    this.#replyCount++;
    this.#queue.shift();
    if (this.#isDraining && this.#queue.length === 0) this.destroy(null);
  }

  onMalformed(reason: string): void {
    this.destroy(new MalformedReplyError(this.#target.name, reason));
  }

  /** Marks it stale once more, which lets another win. If that fails, the item stays as it is until its end. */
  #giveBack(key: Key, timeoutMs: number): void {
    if (this.#isDraining || this.#phase.kind === 'closed') return;
    const request = new Request(Op.CHANGE, 'invalidate', Verb.MD, key, ' I', null, null);
    request.timeoutMs = timeoutMs;
    request.promise.catch(() => undefined);
    try {
      this.send(request);
    } catch (error) {
      request.fail(error as Error);
    }
  }

  #full(request: Request, bound: string): QueueFullError {
    return new QueueFullError(request.name, this.#target.name, bound);
  }

  #connect(): void {
    const { connectTimeoutMs } = this.#options;
    const timer = setTimeout(() => {
      this.#connectFailed(new Error(`no connection within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    this.#setPhase({ kind: 'connecting', timer });
    const socket = this.#open(this.#target.hosts[this.#hostIndex]);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      if (socket !== this.#socket) return;
      if (this.#isOpen) this.#error ??= error;
      else this.#connectFailed(error);
    });
    socket.on('end', () => {
      if (socket === this.#socket && this.#isOpen) this.#finish();
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      if (this.#isOpen) this.#finish();
      else this.#connectFailed(new Error('the connection was closed'));
    });
    socket.on('drain', () => {
      this.#isBlocked = false;
      this.#flushBatch();
    });
  }

  /** A plain socket receives into one buffer for good; TLS cannot, so it brings chunks. */
  #open(host: string): Socket {
    const { tls } = this.#options;
    const { port } = this.#target;
    if (tls === false) {
      const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
      const callback = (byteCount: number): boolean => {
        this.#reader.feed(buffer, byteCount);
        return true;
      };
      const socket: Socket = connectTcp({ host, port, onread: { buffer, callback } }, () => this.#opened(socket));
      return socket;
    }
    const secured = connectTls(this.#tlsOptions(host, tls), () => this.#opened(secured));
    secured.on('data', (chunk) => this.#reader.feed(chunk, chunk.length));
    return secured;
  }

  #tlsOptions(host: string, tls: true | ConnectionOptions): ConnectionOptions {
    const { hostname, port } = this.#target;
    const servername = isIP(hostname) === 0 ? hostname : '';
    return { servername, ...(tls === true ? {} : tls), host, port };
  }

  #opened(socket: Socket): void {
    if (socket !== this.#socket || this.#phase.kind !== 'connecting') return;
    this.#setPhase({ kind: 'open' });
    this.#isOpen = true;
    this.#owner.onOpen(this);
    this.#flushBatch();
  }

  /** The next address, or the end. */
  #connectFailed(error: Error): void {
    if (this.#phase.kind !== 'connecting') return;
    const failed = this.#socket;
    this.#hostIndex++;
    if (this.#hostIndex < this.#target.hosts.length) this.#connect();
    else this.destroy(error);
    failed.destroy();
  }

  #flushBatch(): void {
    this.#isFlushDue = false;
    if (!this.#isOpen || this.#isBlocked || this.#writer.at === 0) return;
    this.#unsentCount = 0;
    this.#isBlocked = !this.#socket.write(this.#writer.take());
    if (this.#socket.writableLength === 0) this.#writer.reuse();
    else this.#writer.keep();
  }

  #sweepBy(atMs: number): void {
    this.#sweepAtMs = atMs;
    if (this.#sweepTimer !== null) clearTimeout(this.#sweepTimer);
    this.#sweepTimer = setTimeout(this.#startSweep, Math.max(1, Math.ceil(atMs - performance.now())));
  }

  /** Replies that arrived while this process was busy are read first. */
  readonly #startSweep = (): void => {
    setImmediate(() => this.#sweep());
  };

  /** Fails what is late; the timer stands at the earliest deadline of what is left, or when the oldest would count as stalled. */
  #sweep(): void {
    if (this.#phase.kind === 'closed') return;
    this.#sweepAtMs = NEVER;
    const now = performance.now();
    let next = NEVER;
    for (let index = 0; index < this.#queue.length; index++) {
      const request = this.#queue.at(index);
      if (request.isSettled) continue;
      if (request.deadlineAtMs > now) next = Math.min(next, request.deadlineAtMs);
      else request.fail(new RequestTimeoutError(request.name, request.timeoutMs, this.#target.name));
    }
    const oldest = this.#queue.first;
    if (oldest === undefined) return;
    const stallAtMs = oldest.deadlineAtMs + this.#options.stallTimeoutMs;
    if (this.#isOpen && stallAtMs <= now) {
      const waitedForMs = oldest.timeoutMs + now - oldest.deadlineAtMs;
      this.destroy(new RequestTimeoutError(oldest.name, waitedForMs, this.#target.name));
    } else this.#sweepBy(Math.max(Math.min(next, stallAtMs), now + SWEEP_SPACING_MS));
  }

  #finish(): void {
    if (this.#phase.kind === 'closed') return;
    const wasOpen = this.#isOpen;
    this.#setPhase({ kind: 'closed' });
    this.#isOpen = false;
    this.#reader.stop();
    if (this.#sweepTimer !== null) clearTimeout(this.#sweepTimer);
    this.#socket.destroy();
    const unanswered = this.#queue.takeAll();
    const unsentFrom = unanswered.length - this.#unsentCount;
    const replyCount = this.#replyCount;
    this.#owner.onEnd({ connection: this, error: this.#error, wasOpen, replyCount, unanswered, unsentFrom });
  }

  #setPhase(phase: Phase): void {
    if (this.#phase?.kind === 'connecting') clearTimeout(this.#phase.timer);
    this.#phase = phase;
  }
}
