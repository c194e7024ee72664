/**
 * One client of the pipelines hammer: sends bursts of requests, in pieces that end anywhere, reads the answers sometimes at
 * leisure, and holds each against its request. `run` rejects with the first wrong answer and what came around it.
 */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { RandomBytes } from '../harness/random-bytes.js';
import { type PipelinedRequest, type RequestChoices, randomRequest, set } from './pipelined-request.js';

/** Without a byte. */
const SILENCE_MAX_MS = 60_000;
const IDLE_MS_MAX = 80;
const PIECES_MAX = 6;
const SHOWN_BYTES = 400;
const DEPTHS = [1, 2, 5, 16, 16, 40, 200, 800, 2_000] as const;

export interface PipelinerSettings {
  readonly name: string;
  readonly address: NetConnectOpts;
  readonly choices: RequestChoices;
  readonly random: RandomBytes;
}

export class Pipeliner {
  /** Answers that were right. */
  answers = 0;
  readonly #settings: PipelinerSettings;
  #socket: Socket | null = null;
  #input: Buffer = Buffer.alloc(0);
  #number = 0;
  #awaited: readonly PipelinedRequest[] = [];
  #answered = 0;
  #settle: ((error: Error | null) => void) | null = null;
  #silence: NodeJS.Timeout | undefined;

  constructor(settings: PipelinerSettings) {
    this.#settings = settings;
  }

  /** Stores each key once. */
  async preload(keys: readonly string[]): Promise<void> {
    await this.#exchange(keys.map((key, index) => set(key, index % 9)));
  }

  /** Bursts until `isOver`, on a new connection now and then. */
  async run(isOver: () => boolean): Promise<void> {
    const { random, choices } = this.#settings;
    while (!isOver()) {
      const depth = random.oneOf(DEPTHS);
      if (random.below(20) === 0) this.close();
      await this.#exchange(Array.from({ length: depth }, () => randomRequest(random, choices, this.#number++)));
    }
    this.close();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #exchange(requests: readonly PipelinedRequest[]): Promise<void> {
    const socket = this.#socket ?? (await this.#connect());
    this.#awaited = requests;
    this.#answered = 0;
    const answered = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === null ? resolve() : reject(error));
    });
    // Heard of below: the pieces are on their way meanwhile.
    answered.catch(() => undefined);
    this.#silence = setTimeout(() => this.#fail('no answer in time'), SILENCE_MAX_MS);
    try {
      await this.#sendInPieces(socket, Buffer.concat(requests.map(({ bytes }) => bytes)));
      await answered;
    } finally {
      clearTimeout(this.#silence);
      this.#settle = null;
    }
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ ...this.#settings.address } as NetConnectOpts);
    socket.setNoDelay(true);
    await once(socket, 'connect');
    this.#socket = socket;
    this.#input = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#fail(`${error}`));
    socket.on('close', () => {
      if (socket === this.#socket) this.#fail('the connection was closed');
    });
    return socket;
  }

  async #sendInPieces(socket: Socket, bytes: Buffer): Promise<void> {
    const { random } = this.#settings;
    const isIdle = random.below(4) === 0;
    if (isIdle) socket.pause();
    let at = 0;
    for (let left = random.below(PIECES_MAX); left > 0; left--) {
      const end = at + random.below(bytes.length - at + 1);
      socket.write(bytes.subarray(at, end));
      at = end;
      await nextTurn();
    }
    socket.write(bytes.subarray(at));
    if (!isIdle) return;
    await pause(random.below(IDLE_MS_MAX));
    socket.resume();
  }

  #receive(bytes: Buffer): void {
    if (this.#settle === null) return;
    this.#silence?.refresh();
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    let at = 0;
    while (this.#answered < this.#awaited.length) {
      let end = -1;
      try {
        end = this.#awaited[this.#answered].read(this.#input, at);
      } catch (error) {
        this.#fail(`${error}`, at);
        return;
      }
      if (end < 0) break;
      at = end;
      this.#answered++;
    }
    this.#input = this.#input.subarray(at);
    if (this.#answered < this.#awaited.length) return;
    this.answers += this.#answered;
    if (this.#input.length > 0) this.#fail('more came than was asked for');
    else this.#settle(null);
  }

  #fail(reason: string, at = 0): void {
    const around = this.#awaited.slice(Math.max(0, this.#answered - 3), this.#answered + 12).map(({ name }) => name);
    const text = this.#input.toString('latin1', at, at + SHOWN_BYTES);
    const place = `request ${this.#answered} of ${this.#awaited.length}`;
    this.#settle?.(
      new Error(
        `${this.#settings.name}, ${place}: ${reason}\nfrom three before it: ${JSON.stringify(around)}\nreceived: ${JSON.stringify(text)}`,
      ),
    );
  }
}
