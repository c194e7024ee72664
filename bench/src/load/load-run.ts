// One run against a running server: connect, preload every key through checked sets, warm up, measure, report.
// Called by load/main.ts; turns.ts uses its parts. The server's and the generator's CPU are read at both ends of the same window that the
// operations are counted in.
import { CpuReader } from '../machine/cpu-reader.js';
import { Histogram } from './histogram.js';
import { KeySpace } from './key-space.js';
import { LoadLoop } from './load-loop.js';
import type { LoadOptions } from './load-options.js';
import { Memory } from './memory.js';
import { Random } from './random.js';
import { BatchComposer, type Workload } from './workload.js';

const MEASURED_RESERVE_BYTES = 64 * 1024;

export interface LoadReport {
  workload: Workload;
  connections: number;
  keyCount: number;
  seconds: number;
  operations: number;
  opsPerSecond: number;
  /** Of a whole batch: from its send to its last reply. */
  latencyMicros: { p50: number; p99: number; p999: number; max: number };
  generatorCpuMicrosPerOp: number;
  serverCpuMicrosPerOp?: number;
  /** The same of each of the server's threads, the busiest first. */
  serverThreadMicrosPerOp?: number[];
  serverResidentBytes?: number;
}

interface Snapshot {
  at: number;
  batches: number;
  serverNanos: number;
  serverThreadNanos: Map<string, number>;
  generatorNanos: number;
}

export function runLoad(options: LoadOptions): LoadReport {
  const memory = new Memory(blockBytes(options));
  const composer = composerIn(memory, options);
  const histogram = new Histogram();
  const loop = new LoadLoop(memory, composer, histogram, options);
  const server = options.pid === undefined ? undefined : new CpuReader(options.pid);
  const generator = new CpuReader(process.pid);
  const snapshot = (): Snapshot => ({
    at: performance.now(),
    batches: loop.batches,
    serverNanos: server?.nanos() ?? 0,
    serverThreadNanos: server?.threadNanos() ?? new Map(),
    generatorNanos: generator.nanos(),
  });
  const compose = (requestAt: number, replyAt: number): boolean => {
    composer.compose(requestAt, replyAt);
    return true;
  };
  if (!options.isStored) loop.run({ compose: preload(composer, options.keyCount), until: Number.POSITIVE_INFINITY });
  loop.run({ compose, until: performance.now() + options.warmupSeconds * 1000 });
  histogram.reset();
  const start = snapshot();
  let end = start;
  const atEnd = (): void => {
    end = snapshot();
  };
  loop.run({ compose, until: start.at + options.seconds * 1000, atEnd });
  const report = summarize(options, { start, end, operationsPerBatch: composer.operationsPerBatch, histogram });
  if (server !== undefined) report.serverResidentBytes = server.residentBytes();
  loop.close();
  return report;
}

type LayOut = Pick<LoadOptions, 'workload' | 'connections' | 'keyCount' | 'seed'>;

/** Bytes of a block that a composer and a loop are carved out of. They are known only once a composer has been tried on a small one. */
export function blockBytes(options: LayOut): number {
  const fixedBytes = KeySpace.memoryBytes(options.workload.valueBytes) + MEASURED_RESERVE_BYTES;
  const { roomBytes } = composerIn(new Memory(fixedBytes), options);
  return fixedBytes + LoadLoop.memoryBytes(options.connections, roomBytes);
}

export function composerIn(memory: Memory, { workload, seed, keyCount }: LayOut): BatchComposer {
  const keys = new KeySpace(memory, workload.valueBytes);
  return new BatchComposer(keys, workload, { random: new Random(seed), keyCount });
}

export function preload(composer: BatchComposer, keyCount: number): (requestAt: number, replyAt: number) => boolean {
  let first = 0;
  return (requestAt, replyAt) => {
    if (first >= keyCount) return false;
    const count = Math.min(composer.preloadDepth, keyCount - first);
    composer.composePreload(requestAt, replyAt, { first, count });
    first += count;
    return true;
  };
}

interface Window {
  start: Snapshot;
  end: Snapshot;
  operationsPerBatch: number;
  histogram: Histogram;
}

function summarize(options: LoadOptions, { start, end, operationsPerBatch, histogram }: Window): LoadReport {
  const operations = (end.batches - start.batches) * operationsPerBatch;
  const seconds = (end.at - start.at) / 1000;
  const microsPerOp = (nanos: number): number => nanos / 1000 / operations;
  return {
    workload: options.workload,
    connections: options.connections,
    keyCount: options.keyCount,
    seconds,
    operations,
    opsPerSecond: operations / seconds,
    latencyMicros: histogram.summary(),
    generatorCpuMicrosPerOp: microsPerOp(end.generatorNanos - start.generatorNanos),
    ...(options.pid === undefined
      ? {}
      : {
          serverCpuMicrosPerOp: microsPerOp(end.serverNanos - start.serverNanos),
          serverThreadMicrosPerOp: threadNanosBetween(start, end).map(microsPerOp),
        }),
  };
}

function threadNanosBetween(start: Snapshot, end: Snapshot): number[] {
  const nanos = [...end.serverThreadNanos].map(([thread, nanos]) => nanos - (start.serverThreadNanos.get(thread) ?? 0));
  return nanos.sort((one, other) => other - one);
}
