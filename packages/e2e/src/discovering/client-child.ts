/**
 * A client library at work in a process of its own, since some of them end the process at a reply they do not expect: the
 * test gives orders, one at a time, and sees every failed call and every crash. Used by clients.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What a child that is never told to end ends at. */
const LIFETIME_MS = 360_000;
const REPLIES = 3;

export interface Order {
  /** Sets each of these keys to `<value> <key>`. */
  readonly set?: readonly string[];
  readonly value?: string;
  readonly get?: readonly string[];
  /** Asks the endpoint again, where the client does not do so by itself. */
  readonly discover?: true;
}

export interface Reply {
  /** Of the keys that were to be got; null for a miss. */
  readonly values: readonly (string | null)[];
  /** What the client works with; null for one that knows the endpoint alone. */
  readonly nodes: readonly string[] | null;
  /** Since its start, its own work counted too. */
  readonly calls: number;
  readonly hits: number;
  readonly failed: number;
  readonly errors: readonly string[];
}

export class ClientChild {
  /** What it printed, both streams. */
  output = '';
  readonly #process: ChildProcess;
  #exit: string | null = null;
  #onReply: (reply: Reply) => void = () => undefined;
  #onFailure: (reason: unknown) => void = () => undefined;

  private constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], timeout: LIFETIME_MS });
    const { stdin, stdout, stderr, stdio } = this.#process;
    for (const stream of [stdout, stderr])
      stream?.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    stdin?.on('error', () => undefined);
    createInterface({ input: stdio[REPLIES] as Readable }).on('line', (line) => this.#onReply(JSON.parse(line)));
    this.#process.once('error', (error) => this.#onFailure(error));
    this.#process.once('close', (code, signal) => this.#ended(String(code ?? signal)));
  }

  /** Resolves once the client has found its nodes and works. */
  static async start(program: string, args: readonly string[]): Promise<ClientChild> {
    const child = new ClientChild(program, args);
    await child.#reply();
    return child;
  }

  tell(order: Order): Promise<Reply> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    return this.#reply();
  }

  /** Ends its input; answers the exit code, or the signal. */
  async end(): Promise<string> {
    this.#process.stdin?.end();
    if (this.#exit === null) await once(this.#process, 'close');
    return this.#exit ?? '';
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#exit !== null) reject(this.#gone());
      this.#onReply = resolve;
      this.#onFailure = reject;
    });
  }

  #ended(how: string): void {
    this.#exit = how;
    this.#onFailure(this.#gone());
  }

  #gone(): Error {
    return new Error(`The client left with ${this.#exit}: ${this.output}`);
  }
}
