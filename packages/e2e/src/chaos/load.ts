/**
 * The load of a chaos run: Shoal's client that follows discovery, and a plain connection through the endpoint. Both write
 * rising numbers and note in the ledger what was acknowledged, as far as it is certain by whom.
 *
 * It is certain when the list was the same before the write and after its answer. A request that fails is counted with
 * its reason and is no violation: nodes are being killed. One write at a time a worker, so nothing piles up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, HashRing, type RingNode } from '@shoal/client';
import { Conversation } from '../harness/conversation.js';
import type { RandomBytes } from '../harness/random-bytes.js';
import type { Ledger } from './ledger.js';
import { portsIn } from './question.js';
import type { Watch } from './watch.js';

const WORKERS = 4;
const KEYS_A_WORKER = 200;
const BETWEEN_WRITES_MS = 5;
const WRITES_A_BATCH = 5;
const AFTER_FAILURE_MS = 50;
const ANSWER_MS = 2_000;
const HOST = '127.0.0.1';

interface List {
  readonly version: number;
  readonly ring: HashRing<RingNode>;
}

export interface LoadParts {
  readonly endpointPort: number;
  readonly watch: Watch;
  readonly ledger: Ledger;
  readonly random: RandomBytes;
}

export class Load {
  readonly #parts: LoadParts;
  readonly client: Client;
  readonly failures = new Map<string, number>();
  requests = 0;
  failed = 0;
  #clientList: List = { version: 0, ring: new HashRing<RingNode>([]) };
  #isWorking = true;
  #last = 0;
  readonly #workers: Promise<void>[];

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.client = new Client(`${HOST}:${parts.endpointPort}`, { pollIntervalMs: 200, reconnectMaxMs: 500 });
    this.client.on('topology', ({ version, nodes }) => {
      parts.watch.noteVersion('the client', version);
      this.#clientList = { version, ring: new HashRing<RingNode>(nodes) };
    });
    this.#workers = Array.from({ length: WORKERS }, (_, worker) => this.#writeByClient(`client:${worker}`));
    this.#workers.push(this.#writeThroughEndpoint('endpoint'));
  }

  get clientVersion(): number {
    return this.#clientList.version;
  }

  async close(): Promise<void> {
    this.#isWorking = false;
    await Promise.all(this.#workers);
    await this.client.close();
  }

  /** What is written now through both ways, and read back through the other one; says what failed. */
  async failuresAtRest(count: number): Promise<readonly string[]> {
    const plain = new Client({ nodes: [`${HOST}:${this.#parts.endpointPort}`] });
    const failed: string[] = [];
    const note = (error: unknown) => failed.push(String(error));
    const keys = Array.from({ length: count }, (_, index) => `rest:${index}`);
    const [first, second] = [String(++this.#last), String(++this.#last)];
    await Promise.all(keys.map((key) => this.client.set(key, first).catch(note)));
    const through = await plain.getMany<string>(keys).catch(note);
    if (through instanceof Map) failed.push(...keys.filter((key) => through.get(key) !== first));
    await Promise.all(keys.map((key) => plain.set(key, second).catch(note)));
    const direct = await this.client.getMany<string>(keys).catch(note);
    if (direct instanceof Map) failed.push(...keys.filter((key) => direct.get(key) !== second));
    await plain.close();
    return failed;
  }

  async #writeByClient(prefix: string): Promise<void> {
    const { random } = this.#parts;
    while (this.#isWorking) {
      const key = `${prefix}:${random.below(KEYS_A_WORKER)}`;
      const value = ++this.#last;
      const before = this.#clientList;
      const holder = this.#holderOf(key, before);
      this.requests++;
      try {
        await this.client.set(key, String(value));
        if (this.#clientList.version === before.version) this.#note(key, value, holder);
      } catch (error) {
        this.#noteFailure('the client', (error as { readonly code?: string }).code ?? String(error));
      }
      await pause(BETWEEN_WRITES_MS);
    }
  }

  /** Batches between two questions for the list, on one connection: equal answers mean that all of it went by that list. */
  async #writeThroughEndpoint(prefix: string): Promise<void> {
    let connection: Conversation | null = null;
    while (this.#isWorking) {
      try {
        connection ??= await Conversation.open({ host: HOST, port: this.#parts.endpointPort });
        await this.#writeBatch(connection, prefix);
        await pause(BETWEEN_WRITES_MS);
      } catch (error) {
        this.requests++;
        this.#noteFailure('the endpoint', (error as { readonly code?: string }).code ?? String(error));
        connection?.destroy();
        connection = null;
        await pause(AFTER_FAILURE_MS);
      }
    }
    connection?.destroy();
  }

  async #writeBatch(connection: Conversation, prefix: string): Promise<void> {
    const { random } = this.#parts;
    const list = listOf(this.#parts.watch.newest);
    const writes = Array.from({ length: WRITES_A_BATCH }, () => {
      const key = `${prefix}:${random.below(KEYS_A_WORKER)}`;
      return { key, value: ++this.#last, holder: this.#holderOf(key, list) };
    });
    const sets = writes.map(({ key, value }) => `set ${key} 0 0 ${String(value).length}\r\n${value}\r\n`).join('');
    this.requests += writes.length;
    const discover = 'config get cluster\r\n';
    const answer = await connection.askUntil(`${discover}${sets}${discover}mn\r\n`, 'MN\r\n', ANSWER_MS);
    const versions = [...answer.matchAll(/^CONFIG cluster \d+ \d+\r\n(\d+)\n/gm)].map(([, version]) => Number(version));
    const outcomes = answer.match(/^(STORED|SERVER_ERROR.*|CLIENT_ERROR.*|ERROR.*)\r$/gm) ?? [];
    if (outcomes.length !== writes.length) throw new Error(connection.closed ? 'closed' : `strange answer: ${answer}`);
    for (const version of versions) this.#parts.watch.noteVersion('the connection through the endpoint', version);
    const isCertain = versions.length === 2 && versions.every((version) => version === list.version);
    for (const [index, { key, value, holder }] of writes.entries()) {
      if (outcomes[index] !== 'STORED\r') this.#noteFailure('the endpoint', withoutNumbers(outcomes[index]));
      else if (isCertain) this.#note(key, value, holder);
    }
  }

  #holderOf(key: string, { ring }: List): { readonly port: number; readonly pid: number } {
    const owner = ring.ownerOf(Buffer.from(key));
    const port = owner === -1 ? 0 : ring.nodes[owner].port;
    return { port, pid: this.#parts.watch.pidOn(port) };
  }

  #note(key: string, value: number, { port, pid }: { readonly port: number; readonly pid: number }): void {
    this.#parts.ledger.note(port, pid, key, value);
  }

  #noteFailure(way: string, reason: string): void {
    const name = `${way}: ${reason}`;
    this.failed++;
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
  }
}

function listOf({ version, list }: { readonly version: number; readonly list: string }): List {
  return { version, ring: new HashRing<RingNode>(portsIn(list).map((port) => ({ hostname: HOST, port }))) };
}

function withoutNumbers(text: string): string {
  return text.trim().replaceAll(/\d+/g, '#');
}
