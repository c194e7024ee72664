// A pool daemon in a process of its own with fake nodes registered, ready to be measured: all lists are published and quiet.
//
// Used by daemon-cost.ts and etcd-cost.ts. A cluster has at most NODES_MAX nodes, so more nodes are more clusters. Ends by
// SIGTERM to the process that it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NODES_MAX } from '@shoal/pool/supervision';
import { CpuReader } from '../machine/cpu-reader.js';
import { SHOAL_BIN } from '../peers/contenders.js';
import { trackChild } from '../peers/server-process.js';
import { FakeNode } from './fake-node.js';

const READY_MS = 60_000;
const POLL_MS = 5;
const DRAIN_SECONDS = 1;

export interface PoolRunOptions {
  readonly nodes: number;
  /** `embedded`, or `etcd://host:port`. */
  readonly registry: string;
  /** What goes before the command: which core it is bound to. */
  readonly pinning: readonly string[];
}

export class PoolRun {
  readonly cpu: CpuReader;
  readonly nodes: readonly FakeNode[];
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, directory: string, nodes: readonly FakeNode[]) {
    this.cpu = new CpuReader(child.pid ?? 0);
    this.nodes = nodes;
    this.#child = child;
    this.#directory = directory;
  }

  static async start({ nodes, registry, pinning }: PoolRunOptions): Promise<PoolRun> {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-pool-'));
    const clusters = Array.from({ length: Math.max(1, Math.ceil(nodes / NODES_MAX)) }, (_, index) => `bench-${index}`);
    const [registration, ...ports] = await freePorts(1 + clusters.length);
    const [program, ...args] = [
      ...[...pinning, process.execPath, SHOAL_BIN, 'pool', '--data-dir', directory, '--registry', registry],
      ...['--registration', `127.0.0.1:${registration}`, '--drain', String(DRAIN_SECONDS), '--log-level', 'error'],
      ...['--port', String(Math.min(...ports)), ...clusters.flatMap((id) => ['--cluster', id])],
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    trackChild(child);
    await until('the pool to take registrations', () => isOpen(registration));
    const started = Array.from({ length: nodes }, (_, index) =>
      FakeNode.start(clusters[Math.floor(index / NODES_MAX)], registration),
    );
    const run = new PoolRun(child, directory, await Promise.all(started));
    for (const node of run.nodes) await node.register();
    await until('every node to be listed', () => run.#areListed());
    return run;
  }

  /** The nodes of the first cluster. */
  get first(): readonly FakeNode[] {
    return this.nodes.slice(0, NODES_MAX);
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) node.stop();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #areListed(): boolean {
    return this.nodes.every(({ nodeCount }, index) => nodeCount === this.#clusterSizeAt(index));
  }

  #clusterSizeAt(index: number): number {
    const first = index - (index % NODES_MAX);
    return Math.min(NODES_MAX, this.nodes.length - first);
  }
}

/** Rejects after READY_MS. */
export async function until(what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`);
    await delay(POLL_MS);
  }
}

/** As many neighbours as asked, because endpoints take the ports after the first. */
export async function freePorts(count: number): Promise<number[]> {
  const [first] = await Promise.all([freePort(), freePort()]);
  const base = 20_000 + (first % 9_000);
  return Array.from({ length: count }, (_, index) => base + index);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
