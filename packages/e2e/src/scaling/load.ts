/**
 * The clients that work while a cluster changes its size: Shoal's own in this process, and two from npm in processes of their
 * own, one that discovers and one that knows the endpoint alone. Each counts its requests and those that failed.
 *
 * Made by walk.ts. A miss is no failure: keys move.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@shoal/client';

/** From src as from dist. */
const NPM_CLIENT = join(import.meta.dirname, '../../src/scaling/npm-client.mjs');
const WORKERS = 4;
const KEYS_A_WORKER = 200;
const BETWEEN_MS = 2;
const POLL_MS = 200;
/** A request that is slow because the machine is has not failed. */
const TIMEOUT_MS = 60_000;

export interface Counts {
  readonly requests: number;
  readonly failed: number;
  /** What some of the failures were. */
  readonly failures: readonly string[];
}

/** Of the discovering client from npm also: how many lists it got, and the last. */
export interface NpmCounts extends Counts {
  readonly lists: number;
  readonly nodes: readonly string[];
}

export class Load {
  readonly #client: Client;
  readonly #children: { readonly discovering: ChildProcess; readonly plain: ChildProcess };
  readonly #failures: string[] = [];
  #requests = 0;
  #isWorking = true;
  readonly #workers: Promise<void>[];

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, { pollIntervalMs: POLL_MS, timeoutMs: TIMEOUT_MS });
    this.#children = {
      discovering: fork(NPM_CLIENT, ['discovering', endpoint]),
      plain: fork(NPM_CLIENT, ['plain', endpoint]),
    };
    this.#workers = Array.from({ length: WORKERS }, (_, worker) => this.#work(worker));
  }

  async counts(): Promise<Readonly<Record<'shoal' | 'discovering' | 'plain', Counts>> & { discovering: NpmCounts }> {
    const { discovering, plain } = this.#children;
    const [byDiscovering, byPlain] = await Promise.all([countsOf(discovering), countsOf(plain)]);
    const failures = this.#failures;
    const shoal = { requests: this.#requests, failed: failures.length, failures: failures.slice(0, 20) };
    return { shoal, discovering: byDiscovering, plain: byPlain };
  }

  async close(): Promise<void> {
    this.#isWorking = false;
    await Promise.all(this.#workers);
    await this.#client.close();
    for (const child of Object.values(this.#children)) if (child.connected) child.disconnect();
  }

  async #work(worker: number): Promise<void> {
    for (let turn = 0; this.#isWorking; turn++) {
      const key = `shoal:${worker}:${turn % KEYS_A_WORKER}`;
      await this.#request(() => this.#client.set(key, `value ${turn}`));
      await this.#request(() => this.#client.get(key));
      await pause(BETWEEN_MS);
    }
  }

  async #request(request: () => Promise<unknown>): Promise<void> {
    this.#requests++;
    try {
      await request();
    } catch (error) {
      this.#failures.push(String(error));
    }
  }
}

async function countsOf(child: ChildProcess): Promise<NpmCounts> {
  if (!child.connected) throw new Error(`Cannot ask a client for its counts: it ended with ${child.exitCode}`);
  const answer = once(child, 'message');
  child.send('counts');
  const [counts] = (await answer) as [NpmCounts];
  return counts;
}
