// What a pool's registry costs etcd: its requests and its CPU a second, by how many daemons share it and how many nodes they look
// after; and for each publication. Called by main.ts; wants `etcd` in PATH (Debian: etcd-server).
//
// Requests are counted by etcd itself: grpc_server_started_total of its /metrics, which counts what comes in over the JSON
// gateway as well.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CpuReader } from '../machine/cpu-reader.js';
import { trackChild } from '../peers/server-process.js';
import type { CostTimes } from './daemon-cost.js';
import { freePort, PoolRun, until } from './pool-run.js';

export interface EtcdCost {
  readonly daemons: number;
  readonly nodes: number;
  readonly requestsPerSecond: number;
  readonly cpuMsPerSecond: number;
  /** Of one publication; NaN without nodes. */
  readonly publicationRequests: number;
  readonly publicationCpuMs: number;
}

const SETTLE_MS = 3_000;

export async function measureEtcd(
  { daemons, nodes }: { readonly daemons: number; readonly nodes: number },
  times: CostTimes,
): Promise<EtcdCost> {
  const etcd = await Etcd.start();
  const registry = `etcd://127.0.0.1:${etcd.port}`;
  const runs: PoolRun[] = [];
  for (let each = 0; each < daemons; each++) {
    runs.push(await PoolRun.start({ nodes: each === 0 ? nodes : 0, registry, pinning: [] }));
  }
  await delay(SETTLE_MS);
  const idle = await etcd.spentIn(() => delay(times.windowMs));
  const perSecond = { requests: idle.requests / idle.seconds, cpuMs: idle.cpuMs / idle.seconds };
  const busy = nodes < 2 ? null : await etcd.spentIn(() => publishMany(runs[0], times.publications));
  for (const run of runs) await run.stop();
  await etcd.stop();
  const extra = (spent: number, rate: number) =>
    busy === null ? Number.NaN : (spent - rate * busy.seconds) / times.publications;
  return {
    daemons,
    nodes,
    requestsPerSecond: perSecond.requests,
    cpuMsPerSecond: perSecond.cpuMs,
    publicationRequests: extra(busy?.requests ?? 0, perSecond.requests),
    publicationCpuMs: extra(busy?.cpuMs ?? 0, perSecond.cpuMs),
  };
}

async function publishMany({ first }: PoolRun, count: number): Promise<void> {
  const [moving, ...others] = first;
  for (let each = 0; each < count; each++) {
    await (each % 2 === 0 ? moving.leave() : moving.register());
    const wanted = first.length - ((each + 1) % 2);
    await until('every node to have the new list', () => others.every(({ nodeCount }) => nodeCount === wanted));
    await delay(1_600);
  }
}

class Etcd {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #cpu: CpuReader;

  private constructor(child: ChildProcess, port: number, directory: string) {
    this.#child = child;
    this.port = port;
    this.#directory = directory;
    this.#cpu = new CpuReader(child.pid ?? 0);
  }

  static async start(): Promise<Etcd> {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-etcd-'));
    const [port, peerPort] = [await freePort(), await freePort()];
    const [client, peer] = [port, peerPort].map((each) => `http://127.0.0.1:${each}`);
    const flags = [
      ...[
        '--name',
        'bench',
        '--data-dir',
        directory,
        '--listen-client-urls',
        client,
        '--advertise-client-urls',
        client,
      ],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `bench=${peer}`],
    ];
    const child = spawn('etcd', flags, { stdio: 'ignore' });
    child.once('error', (error) => process.stderr.write(`Cannot run etcd: ${error.message}\n`));
    trackChild(child);
    const etcd = new Etcd(child, port, directory);
    await until('etcd to answer', () => etcd.#isHealthy());
    return etcd;
  }

  async spentIn(work: () => Promise<unknown>): Promise<{ requests: number; cpuMs: number; seconds: number }> {
    const [startedAtMs, nanos, requests] = [performance.now(), this.#cpu.nanos(), await this.#requests()];
    await work();
    const cpuMs = (this.#cpu.nanos() - nanos) / 1e6;
    // Reading the counter is no request of a pool's; it is HTTP only.
    return { cpuMs, requests: (await this.#requests()) - requests, seconds: (performance.now() - startedAtMs) / 1000 };
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #requests(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
    const counts = [...text.matchAll(/^grpc_server_started_total\{[^}]*\} (\S+)$/gm)].map(([, count]) => Number(count));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #isHealthy(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/health`).then(
      async (response) => ((await response.json()) as { health: string }).health === 'true',
      () => false,
    );
  }
}
