// What one pool daemon costs with so many registered nodes: CPU a second while nothing happens (probes, heartbeats, turns), and for
// each publication of a new list. Called by main.ts.
//
// A busy machine keeps a daemon from probing as often as it should, so the probes that came are counted, and the cost is told by
// them: heartbeats and turns are in it. A publication is a node of the first cluster that leaves or comes back; it ends when every other node of the cluster has
// the new version. What the daemon costs anyway in that time is taken off.
import { setTimeout as delay } from 'node:timers/promises';
import type { FakeNode } from './fake-node.js';
import { PoolRun, type PoolRunOptions, until } from './pool-run.js';

export interface DaemonCost {
  readonly nodes: number;
  readonly idleCpuMsPerSecond: number;
  readonly probesPerSecond: number;
  readonly heartbeatsPerSecond: number;
  readonly residentMib: number;
  /** Medians of the publications; NaN without nodes. */
  readonly publicationMs: number;
  readonly publicationCpuMs: number;
}

export interface CostTimes {
  readonly windowMs: number;
  readonly publications: number;
}

/** What follows a start is over by then. */
const SETTLE_MS = 3_000;
/** The drain of a node that left, and what the pool does after it. */
const AFTER_PUBLICATION_MS = 1_600;

export async function measureDaemon(options: PoolRunOptions, times: CostTimes): Promise<DaemonCost> {
  const run = await PoolRun.start(options);
  await delay(SETTLE_MS);
  const idle = await idleCost(run, times.windowMs);
  const publications = options.nodes < 2 ? [] : await publish(run, times.publications, idle.idleCpuMsPerSecond);
  const residentMib = run.cpu.residentBytes() / 2 ** 20;
  await run.stop();
  return {
    nodes: options.nodes,
    ...idle,
    residentMib,
    publicationMs: median(publications.map(({ tookMs }) => tookMs)),
    publicationCpuMs: median(publications.map(({ cpuMs }) => cpuMs)),
  };
}

async function idleCost({ cpu, nodes }: PoolRun, windowMs: number) {
  const count = (read: (node: FakeNode) => number) => nodes.reduce((sum, node) => sum + read(node), 0);
  const probes = () => count((node) => node.probes);
  const heartbeats = () => count((node) => node.heartbeats);
  const before = { atMs: performance.now(), nanos: cpu.nanos(), probes: probes(), heartbeats: heartbeats() };
  await delay(windowMs);
  const seconds = (performance.now() - before.atMs) / 1000;
  return {
    idleCpuMsPerSecond: (cpu.nanos() - before.nanos) / 1e6 / seconds,
    probesPerSecond: (probes() - before.probes) / seconds,
    heartbeatsPerSecond: (heartbeats() - before.heartbeats) / seconds,
  };
}

async function publish(run: PoolRun, count: number, idle: number): Promise<{ tookMs: number; cpuMs: number }[]> {
  const published: { tookMs: number; cpuMs: number }[] = [];
  const [moving, ...others] = run.first;
  for (let each = 0; each < count; each++) {
    const [startedAtMs, nanos] = [performance.now(), run.cpu.nanos()];
    await (each % 2 === 0 ? moving.leave() : moving.register());
    await until('every node to have the new list', () => haveNewer(others, run.first.length - ((each + 1) % 2)));
    const tookMs = performance.now() - startedAtMs;
    await delay(AFTER_PUBLICATION_MS);
    const seconds = (performance.now() - startedAtMs) / 1000;
    published.push({ tookMs, cpuMs: (run.cpu.nanos() - nanos) / 1e6 - idle * seconds });
  }
  return published;
}

function haveNewer(nodes: readonly FakeNode[], nodeCount: number): boolean {
  return nodes.every((node) => node.nodeCount === nodeCount);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[sorted.length >> 1];
}
