/**
 * One node as the host sees it: a forked process from its start to its end.
 *
 *   starting ──▶ serving ──▶ ended      It serves when the server's log says so on standard output; what ends before that
 *       └──────────────────────▲        is a start that failed, and the log's last fatal line, or else the last words on
 *                                       standard error, is the reason
 *
 * Everything that the node prints goes into a log file of bounded size. Only host.ts makes these.
 */
import type { Worker } from 'node:cluster';
import { DriverError, DriverErrorCode, type NodeLaunch, type RunningNode } from '../drivers/driver.js';
import { keyText } from './host-protocol.js';
import { LineSplitter } from './line-splitter.js';
import { RotatingFile } from './rotating-file.js';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving' }
  | { readonly kind: 'ended'; readonly hasServed: boolean; readonly reason: string };

export interface NodeChildParts {
  readonly worker: Worker;
  readonly launch: NodeLaunch;
  readonly logFile: string;
  readonly startBoundMs: number;
  /** Called once, before `served` and `ended` settle. */
  readonly onEnd: (child: NodeChild) => void;
}

/** The lines of a server's log that matter here: its start, and why it could not. */
interface LogLine {
  readonly level?: number;
  readonly msg?: string;
  readonly code?: string;
}

interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const FATAL_LEVEL = 60;
const SERVING_MESSAGE = 'Serving';
const ADDRESS_IN_USE = 'ADDRESS_IN_USE';
const LOG_LINE_CHARS_MAX = 16_384;
const STDERR_LINES_MAX = 5;
const STDERR_LINE_CHARS_MAX = 500;
/** For the last output of a process that has ended. */
const OUTPUT_BOUND_MS = 500;

export class NodeChild {
  readonly launch: NodeLaunch;
  readonly pid: number;
  readonly startedAtMs = Date.now();
  /** Rejects with a DriverError if it ends before it serves. */
  readonly served: Promise<void>;
  readonly ended: Promise<void>;
  #state: State = { kind: 'starting' };
  readonly #worker: Worker;
  readonly #log: RotatingFile;
  readonly #onEnd: (child: NodeChild) => void;
  #fatal: LogLine | null = null;
  #lastWords: string[] = [];
  /** What the host did to it, if its end has to do with that. */
  #sentence: string | null = null;
  #settleServed: { resolve: () => void; reject: (error: DriverError) => void } = { resolve() {}, reject() {} };
  #settleEnded: () => void = () => {};

  constructor({ worker, launch, logFile, startBoundMs, onEnd }: NodeChildParts) {
    this.launch = launch;
    this.pid = worker.process.pid ?? 0;
    this.#worker = worker;
    this.#log = new RotatingFile(logFile);
    this.#onEnd = onEnd;
    this.served = new Promise((resolve, reject) => {
      this.#settleServed = { resolve, reject };
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    // Who started it may have gone by the time it fails.
    this.served.catch(() => {});
    this.#attend(startBoundMs);
  }

  get hasServed(): boolean {
    return this.#state.kind === 'serving' || (this.#state.kind === 'ended' && this.#state.hasServed);
  }

  get isServing(): boolean {
    return this.#state.kind === 'serving';
  }

  /** It has been told to end, and may not have yet. */
  get isStopping(): boolean {
    return this.#sentence !== null;
  }

  /** Why it ended; empty while it lives. */
  get reason(): string {
    return this.#state.kind === 'ended' ? this.#state.reason : '';
  }

  describe(): RunningNode {
    const { clusterId, nodeId } = this.launch;
    return { clusterId, nodeId, handle: `pid ${this.pid}`, startedAtMs: this.startedAtMs };
  }

  async stop(graceMs: number): Promise<void> {
    this.#sentence ??= 'stopped';
    this.#worker.process.kill('SIGTERM');
    const timer = setTimeout(() => this.#kill(`killed, not having stopped within ${graceMs} ms`), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#kill('killed');
    await this.ended;
  }

  #kill(sentence: string): void {
    this.#sentence = sentence;
    this.#worker.process.kill('SIGKILL');
  }

  #attend(startBoundMs: number): void {
    const { process: child } = this.#worker;
    const timer = setTimeout(() => this.#kill(`it did not listen within ${startBoundMs} ms`), startBoundMs);
    this.served.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
    this.#worker.on('error', (error) => {
      // A process that could not be made has no exit; any other error is followed by one.
      if (this.pid === 0) this.#end({ code: null, signal: null }, error.message);
    });
    this.#worker.once('message', () => {
      // A channel that is closed already belongs to a process that is about to end.
      this.#worker.send(this.launch, () => {});
    });
    this.#listenTo(
      child.stdout,
      new LineSplitter({ charsMax: LOG_LINE_CHARS_MAX, onLine: (line) => this.#onLog(line) }),
    );
    this.#listenTo(
      child.stderr,
      new LineSplitter({ charsMax: LOG_LINE_CHARS_MAX, onLine: (line) => this.#onWords(line) }),
    );
    child.once('exit', (code, signal) => {
      const end = () => this.#end({ code, signal });
      const bound = setTimeout(end, OUTPUT_BOUND_MS);
      child.once('close', () => {
        clearTimeout(bound);
        end();
      });
    });
  }

  #listenTo(stream: NodeJS.ReadableStream | null, lines: LineSplitter): void {
    stream?.setEncoding('utf8');
    stream?.on('error', () => {});
    stream?.on('data', (chunk: string) => {
      this.#log.write(chunk);
      lines.push(chunk);
    });
    stream?.on('end', () => lines.end());
  }

  #onLog(line: string): void {
    const { level, msg, code } = parseLogLine(line);
    if (level === FATAL_LEVEL) this.#fatal = { msg, code };
    else if (msg === SERVING_MESSAGE && this.#state.kind === 'starting') this.#enter({ kind: 'serving' });
  }

  #onWords(line: string): void {
    if (line.trim() !== '') this.#lastWords.push(line.slice(0, STDERR_LINE_CHARS_MAX));
    this.#lastWords = this.#lastWords.slice(-STDERR_LINES_MAX);
  }

  #end(exit: ProcessExit, failure: string | null = null): void {
    if (this.#state.kind === 'ended') return;
    const words = failure ?? this.#fatal?.msg ?? this.#lastWords.join(' / ');
    const reason = [this.#sentence, exitText(exit), words].filter(Boolean).join(': ');
    this.#enter({ kind: 'ended', hasServed: this.#state.kind === 'serving', reason });
  }

  /** The one place that changes the state. */
  #enter(state: State): void {
    this.#state = state;
    switch (state.kind) {
      case 'starting':
        return;
      case 'serving':
        this.#settleServed.resolve();
        return;
      case 'ended':
        this.#log.close();
        this.#onEnd(this);
        this.#settleServed.reject(this.#startError(state.reason));
        this.#settleEnded();
        return;
    }
  }

  #startError(reason: string): DriverError {
    const isTaken = this.#fatal?.code === ADDRESS_IN_USE;
    const code = isTaken ? DriverErrorCode.PORT_IN_USE : DriverErrorCode.START_FAILED;
    return new DriverError(code, `Cannot start node ${keyText(this.launch)}: ${reason}`);
  }
}

function exitText({ code, signal }: ProcessExit): string {
  if (signal !== null) return `ended by ${signal}`;
  return code === null ? '' : `ended with exit code ${code}`;
}

function parseLogLine(line: string): LogLine {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
}
