/**
 * A real etcd of a test's own: one member on free ports of 127.0.0.1, its data in a temporary folder, killed by pid.
 *
 * Used by etcd.test.ts. It can be killed and started again on the same ports with the same data, and spoken to behind the
 * registry's back: compaction, foreign values, deletions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.js';
import { freePort } from '../harness/free-port.js';

const ANSWER_DEADLINE_MS = 30_000;
const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class EtcdServer {
  readonly clientPort: number;
  readonly #peerPort: number;
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #output = '';

  private constructor(folder: string, clientPort: number, peerPort: number) {
    this.#folder = folder;
    this.clientPort = clientPort;
    this.#peerPort = peerPort;
  }

  static async start(): Promise<EtcdServer> {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-etcd-'));
    const server = new EtcdServer(folder, await freePort(), await freePort());
    await server.up();
    return server;
  }

  get url(): string {
    return `etcd://127.0.0.1:${this.clientPort}`;
  }

  /** Starts it, again if need be, and waits until it has a leader and answers. */
  async up(): Promise<void> {
    const client = `http://127.0.0.1:${this.clientPort}`;
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const child = spawn(
      'etcd',
      [
        ...['--name', 'test', '--data-dir', join(this.#folder, 'data')],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
        ...['--heartbeat-interval', '50', '--election-timeout', '500'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-20_000);
      });
    }
    running.add(child);
    child.once('close', () => running.delete(child));
    this.#child = child;
    await eventually('etcd to answer', () => this.#answers(child));
  }

  /** SIGKILL: what it acknowledged has to be on its disk. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Deletes everything that it ever stored, while it is down: another etcd on the same port. */
  async forgetAll(): Promise<void> {
    await rm(join(this.#folder, 'data'), { recursive: true });
  }

  async put(key: string, value: string): Promise<void> {
    await this.call('/v3/kv/put', { key: base64(key), value: base64(value) });
  }

  async get(key: string): Promise<string | null> {
    const { kvs } = await this.call('/v3/kv/range', { key: base64(key) });
    const [found] = (kvs ?? []) as { readonly value?: string }[];
    return found === undefined ? null : Buffer.from(found.value ?? '', 'base64').toString();
  }

  async delete(key: string): Promise<void> {
    await this.call('/v3/kv/deleterange', { key: base64(key) });
  }

  /** Forgets every revision but the current one. */
  async compact(): Promise<void> {
    const { header } = await this.call('/v3/kv/range', { key: base64('none') });
    await this.call('/v3/kv/compaction', {
      revision: (header as { readonly revision: string }).revision,
      physical: true,
    });
  }

  async call(path: string, body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.clientPort}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    if (!response.ok) throw new Error(`etcd answers ${response.status} to ${path}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async #answers(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}:\n${this.#output}`);
    return this.get('none').then(
      () => true,
      () => false,
    );
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
