/**
 * Where each of many keys is, found by asking: through a client, which either finds the newest value or does not, and at the
 * nodes themselves. The ring only says what is to be expected.
 *
 * Used by walk.ts. Every value is a number that rises with each write, so that an old copy on a node that owned the key once
 * is told from the newest value.
 */
import { Client, HashRing, type RingNode } from '@shoal/client';
import { askValues } from '../chaos/question.js';
import { eventually } from '../harness/eventually.js';

const KEYS_AT_ONCE = 1_000;
const POLL_MS = 200;
const TIMEOUT_MS = 60_000;
const HOST = '127.0.0.1';

export interface Moved {
  /** Keys whose newest value the client did not find any more. */
  readonly moved: number;
  /** Of them, those whose owner on the ring is the same as before: lost. */
  readonly lost: number;
  /** Keys that were found although the ring gave them to another node. */
  readonly stayed: number;
}

export class KeyMap {
  readonly #client: Client;
  readonly #values: Map<string, number>;
  #ring: HashRing<RingNode>;
  #version = 0;

  constructor(endpoint: string, keys: readonly string[], ports: readonly number[]) {
    this.#client = new Client(endpoint, { pollIntervalMs: POLL_MS, timeoutMs: TIMEOUT_MS });
    this.#client.on('topology', ({ version }) => {
      this.#version = version;
    });
    this.#values = new Map(keys.map((key) => [key, 0]));
    this.#ring = ringOf(ports);
  }

  async fill(): Promise<void> {
    await this.#write([...this.#values.keys()]);
  }

  /** After a change to these nodes: reads every key, and writes anew those that have moved. */
  async follow(version: number, ports: readonly number[]): Promise<Moved> {
    await eventually(`the client to know version ${version}`, () => this.#version === version);
    const [before, after] = [this.#ring, ringOf(ports)];
    this.#ring = after;
    const missed = await this.#missed();
    const expected = [...this.#values.keys()].filter((key) => ownerOf(before, key) !== ownerOf(after, key));
    const isExpected = new Set(expected);
    const lost = missed.filter((key) => !isExpected.has(key)).length;
    await this.#write(missed);
    return { moved: missed.length, lost, stayed: expected.length - (missed.length - lost) };
  }

  /** How many keys are not, with their newest value, on the node that owns them: asked of the nodes themselves. */
  async misplaced(): Promise<number> {
    const byPort = new Map<number, string[]>();
    for (const key of this.#values.keys()) {
      const port = ownerOf(this.#ring, key);
      byPort.set(port, [...(byPort.get(port) ?? []), key]);
    }
    let misplaced = 0;
    for (const [port, keys] of byPort) {
      const values = await askValues(port, keys);
      misplaced += keys.filter((key) => Number(values?.get(key) ?? -1) !== this.#values.get(key)).length;
    }
    return misplaced;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #missed(): Promise<string[]> {
    const missed: string[] = [];
    for (const keys of batches([...this.#values.keys()])) {
      const found = await this.#client.getMany<string>(keys);
      missed.push(...keys.filter((key) => Number(found.get(key) ?? -1) !== this.#values.get(key)));
    }
    return missed;
  }

  async #write(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#values.set(key, (this.#values.get(key) ?? 0) + 1);
    for (const some of batches(keys)) {
      await this.#client.setMany(some.map((key) => [key, String(this.#values.get(key))] as const));
    }
  }
}

function ringOf(ports: readonly number[]): HashRing<RingNode> {
  return new HashRing<RingNode>(ports.map((port) => ({ hostname: HOST, port })));
}

function ownerOf(ring: HashRing<RingNode>, key: string): number {
  return ring.nodes[ring.ownerOf(Buffer.from(key))].port;
}

function batches(keys: readonly string[]): string[][] {
  const count = Math.ceil(keys.length / KEYS_AT_ONCE);
  return Array.from({ length: count }, (_, index) => keys.slice(index * KEYS_AT_ONCE, (index + 1) * KEYS_AT_ONCE));
}
