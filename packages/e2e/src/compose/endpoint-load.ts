/**
 * A plain client at the published port of an endpoint: sets a key, gets it, and so on over one connection, as a program on the
 * host does that knows of no cluster. Used by the stages while nodes come and go.
 *
 * A request fails that gets an error, a wrong value, or nothing in time, or whose connection ends; then the next connection
 * is opened. A miss is none: a key may have moved between its set and its get. Bounded by one request at a time.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const KEYS = 500;
const ANSWER_DEADLINE_MS = 3000;
const PAUSE_MS = 2;
const REASONS_KEPT = 5;

export interface Work {
  readonly requests: number;
  readonly failed: number;
  readonly misses: number;
  readonly reasons: readonly string[];
}

export class EndpointLoad {
  requests = 0;
  failed = 0;
  misses = 0;
  readonly #port: number;
  readonly #reasons: string[] = [];
  #socket: Socket | null = null;
  #isEnding = false;
  readonly #life: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#life = this.#live();
  }

  get work(): Work {
    const { requests, failed, misses } = this;
    return { requests, failed, misses, reasons: [...this.#reasons] };
  }

  async end(): Promise<Work> {
    this.#isEnding = true;
    await this.#life;
    this.#socket?.destroy();
    return this.work;
  }

  async #live(): Promise<void> {
    for (let turn = 0; !this.#isEnding; turn++) {
      const [key, value] = [`plain-${turn % KEYS}`, `value of ${turn % KEYS}`];
      await this.#ask(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`, (answer) => answer === 'STORED\r\n');
      await this.#ask(`get ${key}\r\n`, (answer) => {
        if (answer === 'END\r\n') this.misses++;
        return answer === 'END\r\n' || answer === `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`;
      });
      await pause(PAUSE_MS);
    }
  }

  async #ask(request: string, isRight: (answer: string) => boolean): Promise<void> {
    this.requests++;
    try {
      const answer = await this.#exchange(request);
      if (!isRight(answer)) throw new Error(`answered ${JSON.stringify(answer.slice(0, 120))}`);
    } catch (error) {
      this.failed++;
      if (this.#reasons.length < REASONS_KEPT) this.#reasons.push(`${request.split('\r')[0]}: ${String(error)}`);
      this.#socket?.destroy();
      this.#socket = null;
    }
  }

  #exchange(request: string): Promise<string> {
    const socket = this.#socket ?? connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      let answer = '';
      const settle = (outcome: string | Error) => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => undefined);
        if (typeof outcome === 'string') resolve(outcome);
        else reject(outcome);
      };
      const timer = setTimeout(() => settle(new Error('no answer in time')), ANSWER_DEADLINE_MS);
      socket.on('error', settle);
      socket.on('close', () => settle(new Error('the connection ended')));
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1');
        if (/(?:^|\r\n)(?:END|STORED|[A-Z_]*ERROR[^\r]*)\r\n$/.test(answer)) settle(answer);
      });
      socket.write(request);
    });
  }
}
