/**
 * One connection to one node in one dialect, shared by all clients: requests are written one behind the other, answers
 * come in the same order.
 *
 *   IDLE ─ a request ─▶ OPENING ─ connected ─▶ UP ─ closed, nothing wrong ─▶ IDLE
 *                          │                   │
 *                          └──── failed ───────┴─ no answer in time, no reply of memcached's ─▶ DOWN
 *   DOWN ─ after a backoff with jitter ─▶ PROBING ─ `version` answered ─▶ UP; else DOWN again
 *   any  ─ retire() ─▶ RETIRED: finishes what is under way, takes nothing more
 *
 * DOWN and PROBING refuse at once, so that a dead node costs its keys only. Bounds: isFull tells sessions to stop; the input
 * buffer grows to the largest single reply.
 */
import { connect, type Socket } from 'node:net';
import { BinaryReply, Decoded, ReplyKind, readBinaryReply, readTextReply, TextReply } from '@shoal/protocol';
import { type Exchange, ReplyShape } from './exchange.js';
import { Fifo } from './fifo.js';
import type { Flushable, FlushRound } from './flush-round.js';
import { isHushed } from './hush.js';
import { RequestLog } from './request-log.js';

export interface LinkTarget {
  /** As errors name it: `hostname:port`. */
  readonly name: string;
  /** Tried in this order. */
  readonly hosts: readonly string[];
  readonly port: number;
}

export interface LinkSettings {
  readonly target: LinkTarget;
  readonly timeoutMs: number;
  /** Makes the request, and the exchange that takes its answer, by which a node shows that it is back. */
  readonly probe: (link: NodeLink) => Exchange;
  /** Asked first on a connection; null for nothing. */
  readonly greeting: () => Exchange | null;
  readonly onFailure: () => void;
  readonly round: FlushRound;
}

const Phase = { IDLE: 0, OPENING: 1, UP: 2, DOWN: 3, PROBING: 4, RETIRED: 5 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

const QUEUE_MAX = 8192;
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;
const INPUT_BYTES = 65_536;
/** An input buffer that one large reply has stretched beyond this is given up afterwards. */
const INPUT_KEPT_BYTES_MAX = 1024 * 1024;
const READ_BYTES_MIN = 16_384;
/** Values of a get of several keys that are more than this are thrown away up to the END: the keys are asked for again, fewer at a time. */
const LIST_BYTES_MAX = 4 * 1024 * 1024;
const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 1000;

/** Filled and read within one turn of #parse; shared by all links of the thread. */
const textReply = new TextReply();
const binaryReply = new BinaryReply();

export class NodeLink implements Flushable {
  isMarked = false;
  readonly #settings: LinkSettings;
  #phase: Phase = Phase.IDLE;
  #socket: Socket | null = null;
  readonly #queue = new Fifo<Exchange>();
  readonly #log = new RequestLog();
  /** Called once each when the link is no longer full. */
  #waiting: (() => void)[] = [];
  #input = Buffer.allocUnsafeSlow(INPUT_BYTES);
  #view = new DataView(this.#input.buffer);
  #inputEnd = 0;
  /** Bytes of the first reply in #input that have been looked at: whole lines of a list. */
  #scannedBytes = 0;
  /** How long #input has to be before looking again is worth it. */
  #neededBytes = 0;
  #progressAtMs = 0;
  #watch: NodeJS.Timeout | null = null;
  #backoff: NodeJS.Timeout | null = null;
  #failures = 0;
  /** The host that answered last is tried first. */
  #hostIndex = 0;
  #hostsTried = 0;
  #isConnected = false;
  #lookedAtMs = 0;
  #downReason = '';

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  get isFull(): boolean {
    return this.#queue.length >= QUEUE_MAX || this.#unsentBytes >= UNSENT_BYTES_MAX;
  }

  get #unsentBytes(): number {
    return this.#log.pendingBytes + (this.#socket?.writableLength ?? 0);
  }

  get pendingCount(): number {
    return this.#queue.length;
  }

  whenNotFull(resume: () => void): void {
    this.#waiting.push(resume);
  }

  /** Sends bytes[start..end); the answer goes to the exchange's sink, which may happen before this returns. */
  send(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#phase >= Phase.DOWN) {
      exchange.request = bytes;
      exchange.requestStart = start;
      exchange.requestEnd = end;
      exchange.sink.fail(exchange, this.#settings.target.name, this.#downReason);
      return;
    }
    this.greet();
    this.#log.append(exchange, bytes, start, end);
    this.#enqueue(exchange);
  }

  /** Opens the connection if there is none, with the greeting before all else. */
  greet(): void {
    if (this.#phase !== Phase.IDLE) return;
    this.#open(Phase.OPENING);
    this.#sayGreeting();
  }

  #sayGreeting(): void {
    const exchange = this.#settings.greeting();
    if (exchange === null) return;
    this.#log.append(exchange, exchange.request, exchange.requestStart, exchange.requestEnd);
    this.#enqueue(exchange);
  }

  #enqueue(exchange: Exchange): void {
    if (this.#queue.length === 0) this.#expect();
    this.#queue.push(exchange);
    this.#settings.round.mark(this);
  }

  flush(): void {
    const socket = this.#socket;
    if (socket !== null && !socket.connecting) this.#log.writeTo(socket);
  }

  /** Takes nothing more; closes when everything is answered. */
  retire(): void {
    if (this.#phase === Phase.RETIRED) return;
    if (this.#backoff !== null) clearTimeout(this.#backoff);
    const wasProbing = this.#phase === Phase.PROBING;
    this.#phase = Phase.RETIRED;
    this.#downReason = 'the node has left the cluster';
    if (this.#queue.length === 0 || wasProbing) this.#abandon(this.#downReason);
  }

  /** Ends at once: what is under way fails. */
  destroy(): void {
    this.retire();
    this.#abandon('the router stops');
  }

  // Connecting

  #open(phase: Phase): void {
    const { target } = this.#settings;
    this.#phase = phase;
    this.#isConnected = false;
    this.#expect();
    const socket: Socket = connect({
      host: target.hosts[this.#hostIndex],
      port: target.port,
      noDelay: true,
      onread: { buffer: () => this.#room(), callback: (count) => this.#read(socket, count) },
    });
    this.#socket = socket;
    socket.once('connect', () => this.#connected(socket));
    socket.on('error', (error) => this.#closed(socket, error));
    socket.on('close', () => this.#closed(socket, null));
    socket.on('end', () => socket.destroy());
    socket.on('drain', () => this.#wakeWaiting());
  }

  #connected(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#isConnected = true;
    this.#progressAtMs = performance.now();
    if (this.#phase === Phase.PROBING) this.#log.append(...this.#probeRequest());
    else if (this.#phase === Phase.OPENING) this.#up();
    this.#settings.round.mark(this);
  }

  #probeRequest(): [Exchange, Buffer, number, number] {
    const exchange = this.#settings.probe(this);
    this.#enqueue(exchange);
    return [exchange, exchange.request, exchange.requestStart, exchange.requestEnd];
  }

  /** The probe was answered: the node is back. */
  admit(): void {
    if (this.#phase !== Phase.PROBING) return;
    this.#up();
    this.#failures = 0;
    this.#sayGreeting();
  }

  #up(): void {
    this.#phase = Phase.UP;
    this.#hostsTried = 0;
  }

  /** The socket is gone: by an error, by the node, or by us. */
  #closed(socket: Socket, error: Error | null): void {
    if (socket !== this.#socket) return;
    const wasUp = this.#phase === Phase.UP;
    if (this.#triesNextHost()) return;
    if (wasUp) this.#reopen(reasonOf(error, 'the node closed the connection'));
    else if (this.#phase === Phase.RETIRED) this.#abandon(reasonOf(error, 'the node closed the connection'));
    else this.#goDown(reasonOf(error, 'the node closed the connection'));
  }

  /** A connection that does not come about, or whose probe fails, is tried with the other names of the node before it is down. */
  #triesNextHost(): boolean {
    const { hosts } = this.#settings.target;
    const phase = this.#phase;
    if (phase !== Phase.OPENING && phase !== Phase.PROBING) return false;
    this.#hostIndex = (this.#hostIndex + 1) % hosts.length;
    if (++this.#hostsTried >= hosts.length) {
      this.#hostsTried = 0;
      return false;
    }
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    // Of a probe something may be under way; of clients' requests nothing has been written.
    if (phase === Phase.PROBING) this.#drop();
    this.#open(phase);
    return true;
  }

  /** Reads are asked once more on a fresh connection; whatever else was under way has failed. */
  #reopen(reason: string): void {
    const lost = this.#drop();
    this.#phase = Phase.IDLE;
    const again: Exchange[] = [];
    for (const exchange of lost) {
      if (exchange.mayRepeat) again.push(exchange);
      else exchange.sink.fail(exchange, this.#settings.target.name, reason);
    }
    for (const exchange of again) {
      exchange.mayRepeat = false;
      this.send(exchange, exchange.request, exchange.requestStart, exchange.requestEnd);
    }
  }

  #goDown(reason: string): void {
    const lost = this.#drop();
    this.#phase = Phase.DOWN;
    this.#downReason = reason;
    this.#settings.onFailure();
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures++, 10));
    this.#backoff = setTimeout(() => this.#open(Phase.PROBING), backoffMs * (0.5 + Math.random() / 2)).unref();
    for (const exchange of lost) exchange.sink.fail(exchange, this.#settings.target.name, reason);
  }

  /** A retired link lets go. */
  #abandon(reason: string): void {
    for (const exchange of this.#drop()) exchange.sink.fail(exchange, this.#settings.target.name, reason);
  }

  /** Forgets the connection and answers what was under way. */
  #drop(): Exchange[] {
    const socket = this.#socket;
    this.#socket = null;
    this.#inputEnd = 0;
    this.#scannedBytes = 0;
    this.#neededBytes = 0;
    this.#log.clear();
    this.#relax();
    socket?.destroy();
    const lost = this.#queue.takeAll();
    this.#wakeWaiting();
    return lost;
  }

  // Time

  #expect(): void {
    this.#progressAtMs = performance.now();
    if (this.#watch !== null) return;
    this.#lookedAtMs = this.#progressAtMs;
    this.#watch = setInterval(() => this.#look(), this.#lookEveryMs).unref();
  }

  get #lookEveryMs(): number {
    return Math.max(10, this.#settings.timeoutMs / 4);
  }

  #relax(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }

  /** Overdue only if it still is when the sockets have been read: this process may have been the slow one. */
  #look(): void {
    this.#forgiveOwnDelay();
    if (this.#queue.length === 0 && this.#phase !== Phase.PROBING && this.#phase !== Phase.OPENING) {
      this.#relax();
      return;
    }
    if (!this.#isOverdue()) return;
    setImmediate(() => {
      if (this.#isOverdue() && this.#socket !== null) this.#timeOut();
    });
  }

  /** The time in which this process did not run is not the node's: it may not even have been asked yet. */
  #forgiveOwnDelay(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#lookedAtMs - this.#lookEveryMs;
    this.#lookedAtMs = nowMs;
    if (lateMs > 0) this.#progressAtMs = Math.min(nowMs, this.#progressAtMs + lateMs);
  }

  /** While it connects, a node's names share the time. */
  #isOverdue(): boolean {
    const { timeoutMs, target } = this.#settings;
    const limitMs = this.#isConnected ? timeoutMs : timeoutMs / target.hosts.length;
    return performance.now() - this.#progressAtMs > limitMs;
  }

  #timeOut(): void {
    const reason = `no answer within ${this.#settings.timeoutMs} ms`;
    if (this.#phase === Phase.RETIRED) this.#abandon(reason);
    else if (this.#phase !== Phase.DOWN && !this.#triesNextHost()) this.#goDown(reason);
  }

  // Answers

  /** Where the next bytes go: behind those that are held. */
  #room(): Buffer {
    const wanted = Math.max(this.#inputEnd + READ_BYTES_MIN, this.#neededBytes);
    if (wanted > this.#input.length) this.#resize(Math.max(wanted, this.#input.length * 2));
    return this.#input.subarray(this.#inputEnd);
  }

  #resize(bytes: number): void {
    const input = Buffer.allocUnsafeSlow(bytes);
    this.#input.copy(input, 0, 0, this.#inputEnd);
    this.#input = input;
    this.#view = new DataView(input.buffer);
  }

  #read(socket: Socket, count: number): boolean {
    if (socket !== this.#socket || count <= 0) return true;
    this.#progressAtMs = performance.now();
    this.#inputEnd += count;
    if (this.#inputEnd >= this.#neededBytes) this.#parse();
    return true;
  }

  #parse(): void {
    const socket = this.#socket;
    let at = 0;
    this.#neededBytes = 0;
    while (at < this.#inputEnd) {
      const exchange = this.#queue.peek();
      if (exchange === undefined) {
        this.#distrust('it sent what nobody asked for');
        return;
      }
      const decoded = this.#readReply(exchange, at);
      if (decoded === Decoded.CLOSE) {
        this.#distrust('it sent what is no reply');
        return;
      }
      if (decoded === Decoded.NEED_MORE) break;
      if (this.#goesOn(exchange)) {
        this.#scannedBytes = textReply.next - at;
        if (this.#cuts(exchange)) at = textReply.next;
        continue;
      }
      const end = exchange.shape === ReplyShape.FRAME ? binaryReply.next : textReply.next;
      this.#queue.shift();
      this.#scannedBytes = 0;
      this.#deliver(exchange, at, end);
      // The sink may have ended this link.
      if (socket !== this.#socket) return;
      at = end;
    }
    this.#keepFrom(at);
  }

  #readReply(exchange: Exchange, at: number): number {
    if (exchange.shape !== ReplyShape.FRAME) {
      const decoded = readTextReply(this.#input, this.#view, at + this.#scannedBytes, this.#inputEnd, textReply);
      if (decoded === Decoded.NEED_MORE && textReply.next > 0) this.#neededBytes = textReply.next - at;
      return decoded;
    }
    const decoded = readBinaryReply(this.#input, this.#view, at, this.#inputEnd, binaryReply);
    if (decoded === Decoded.NEED_MORE && binaryReply.next > 0) this.#neededBytes = binaryReply.next - at;
    return decoded;
  }

  #goesOn(exchange: Exchange): boolean {
    if (exchange.shape !== ReplyShape.LIST) return false;
    const { kind } = textReply;
    return kind === ReplyKind.VALUE || kind === ReplyKind.STAT || kind === ReplyKind.OTHER;
  }

  /** Whether the values looked at are thrown away. */
  #cuts(exchange: Exchange): boolean {
    if (exchange.keyCount === 1 || (exchange.cutBytes === 0 && this.#scannedBytes <= LIST_BYTES_MAX)) return false;
    exchange.cutBytes += this.#scannedBytes;
    this.#scannedBytes = 0;
    return true;
  }

  #deliver(exchange: Exchange, start: number, end: number): void {
    if (exchange.shape === ReplyShape.FRAME) {
      if (exchange.opcode >= 0) this.#input[start + 1] = exchange.opcode;
    } else {
      exchange.endKind = textReply.kind;
    }
    const isEmpty = exchange.cutBytes > 0 || isHushed(exchange, exchange.endKind, binaryReply.status);
    exchange.sink.receive(exchange, this.#input, start, isEmpty ? start : end);
  }

  #distrust(reason: string): void {
    if (this.#phase === Phase.RETIRED) this.#abandon(reason);
    else this.#goDown(reason);
  }

  #keepFrom(at: number): void {
    if (at > 0) this.#input.copyWithin(0, at, this.#inputEnd);
    this.#inputEnd -= at;
    if (this.#inputEnd === 0 && this.#input.length > INPUT_KEPT_BYTES_MAX) this.#resize(INPUT_BYTES);
    if (this.#queue.length === 0) this.#rest();
    if (this.#waiting.length > 0) this.#wakeWaiting();
  }

  /** Nothing is under way. The timer runs out by itself: requests follow each other too closely to stop and start it. */
  #rest(): void {
    if (this.#phase === Phase.RETIRED) this.#abandon('');
  }

  #wakeWaiting(): void {
    if (this.isFull || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}

function reasonOf(error: Error | null, otherwise: string): string {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the node closed the connection';
  return code ?? message ?? otherwise;
}
