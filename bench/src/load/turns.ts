/**
 * Several servers loaded in turns by one generator: short windows, A B C, then C B A, so that a neighbour who slows the
 * machine down for a second slows all of them.
 *
 * Called by turns-main.ts, in a process of its own. Each server has its connections, its keys stored and its warm-up before
 * the first window counts; each window has a lead-in, because caches went cold while others had their turn. A window is
 * closed-loop (each connection asks again at once), or, with a rate, open-loop: requests are due by a schedule, wait for a
 * free connection if they must, and count from the moment they were due. The open loop polls, so there the generator's
 * own CPU says nothing. Bounded by windows * servers * seconds.
 */
import { CpuReader } from '../machine/cpu-reader.js';
import { Histogram } from './histogram.js';
import { LoadLoop } from './load-loop.js';
import { LOAD_DEFAULTS, type LoadOptions } from './load-options.js';
import { blockBytes, composerIn, preload } from './load-run.js';
import { Memory } from './memory.js';
import { Random } from './random.js';
import { Schedule } from './schedule.js';
import type { BatchComposer, DialectName, Workload } from './workload.js';

export interface TurnTarget {
  readonly port: number;
  readonly pid: number;
  /** Of the server's own CPU, so that a busy machine does not cut its compiler short. */
  readonly warmupSeconds: number;
  /** In place of the workload's. */
  readonly dialect?: DialectName;
  /** Batches a second, open-loop; closed-loop without it. */
  readonly perSecond?: number;
}

export interface TurnsPlan {
  readonly targets: readonly TurnTarget[];
  readonly workload: Workload;
  readonly connections: number;
  readonly keyCount: number;
  /** Each connection keeps to its own share of the keys. */
  readonly areKeysOwn: boolean;
  readonly windows: number;
  readonly windowSeconds: number;
  readonly seed: number;
  readonly cpu: number;
}

export interface TurnWindow {
  readonly seconds: number;
  readonly operations: number;
  readonly opsPerSecond: number;
  /** Of a whole batch: closed-loop from its send, open-loop from when it was due, to its last reply. */
  readonly latencyMicros: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
  readonly generatorCpuMicrosPerOp: number;
  readonly serverCpuMicrosPerOp: number;
  readonly serverResidentBytes: number;
}

const LEAD_IN_SECONDS = 0.03;
const WARMUP_SLICE_SECONDS = 0.1;
/** A server that gets little of a busy machine is warmed up for so many times longer at most. */
const WARMUP_STRETCH_MAX = 4;
const FOREVER = Number.POSITIVE_INFINITY;

/** The windows of each target, in the order of the plan; window i of all targets lies within one round. */
export function runTurns(plan: TurnsPlan): TurnWindow[][] {
  const loads = plan.targets.map((target) => loadOf(plan, target));
  // One block for all: the innermost loops are bound to it, and V8 treats functions that are made twice less well.
  const memory = new Memory(loads.reduce((bytes, load) => bytes + blockBytes(load), 0));
  const lanes = plan.targets.map((target, i) => new Lane(plan, target, loads[i], memory));
  const windows: TurnWindow[][] = lanes.map(() => []);
  for (const lane of lanes) lane.prepare();
  for (let round = 0; round < plan.windows; round++) {
    const order = lanes.map((_, i) => i);
    if (round % 2 === 1) order.reverse();
    for (const i of order) windows[i].push(lanes[i].window(round));
  }
  for (const lane of lanes) lane.close();
  return windows;
}

function loadOf(plan: TurnsPlan, { port, dialect = plan.workload.dialect }: TurnTarget): LoadOptions {
  const workload = { ...plan.workload, dialect };
  return { ...LOAD_DEFAULTS, ...plan, workload, port, host: '127.0.0.1', seconds: plan.windowSeconds, isJson: true };
}

class Lane {
  private readonly plan: TurnsPlan;
  private readonly target: TurnTarget;
  private readonly composer: BatchComposer;
  private readonly histogram = new Histogram();
  private readonly loop: LoadLoop;
  private readonly server: CpuReader;
  private readonly generator = new CpuReader(process.pid);

  constructor(plan: TurnsPlan, target: TurnTarget, load: LoadOptions, memory: Memory) {
    this.plan = plan;
    this.target = target;
    this.composer = composerIn(memory, load);
    this.loop = new LoadLoop(memory, this.composer, this.histogram, load);
    this.server = new CpuReader(target.pid);
  }

  prepare(): void {
    this.loop.run({ compose: preload(this.composer, this.plan.keyCount), until: FOREVER });
    const endNanos = this.server.nanos() + this.target.warmupSeconds * 1e9;
    const giveUpAt = performance.now() + this.target.warmupSeconds * 1000 * WARMUP_STRETCH_MAX;
    while (this.server.nanos() < endNanos && performance.now() < giveUpAt) this.runClosed(WARMUP_SLICE_SECONDS);
  }

  window(round: number): TurnWindow {
    const { perSecond } = this.target;
    globalThis.gc?.({ type: 'minor' });
    this.runClosed(LEAD_IN_SECONDS);
    this.histogram.reset();
    const start = this.snapshot();
    const end = perSecond === undefined ? this.runClosed(this.plan.windowSeconds) : this.runOpen(perSecond, round);
    return this.summary(start, end);
  }

  close(): void {
    this.loop.close();
  }

  private runClosed(seconds: number): Snapshot {
    let end: Snapshot | undefined;
    this.loop.run({
      compose: this.compose,
      until: performance.now() + seconds * 1000,
      atEnd: () => {
        end = this.snapshot();
      },
    });
    return end ?? this.snapshot();
  }

  /** Requests that were due in the window are all sent and awaited, however late. */
  private runOpen(perSecond: number, round: number): Snapshot {
    const startAt = performance.now();
    const endAt = startAt + this.plan.windowSeconds * 1000;
    const schedule = new Schedule(startAt, perSecond, new Random(this.plan.seed + round));
    const dueAt = new Float64Array(this.plan.connections);
    this.loop.run({
      compose: (requestAt, replyAt, connection) => {
        if (schedule.dueAt > endAt || schedule.dueAt > performance.now()) return false;
        dueAt[connection] = schedule.take();
        return this.compose(requestAt, replyAt, connection);
      },
      until: FOREVER,
      isWaiting: () => schedule.dueAt <= endAt,
      startedAt: (connection) => dueAt[connection],
    });
    return this.snapshot();
  }

  private readonly compose = (requestAt: number, replyAt: number, connection: number): boolean => {
    const { areKeysOwn, keyCount, connections } = this.plan;
    const share = Math.floor(keyCount / connections);
    if (areKeysOwn) this.composer.useKeys(connection * share, share);
    this.composer.compose(requestAt, replyAt);
    return true;
  };

  private snapshot(): Snapshot {
    return {
      at: performance.now(),
      batches: this.loop.batches,
      serverNanos: this.server.nanos(),
      generatorNanos: this.generator.nanos(),
    };
  }

  private summary(start: Snapshot, end: Snapshot): TurnWindow {
    const operations = (end.batches - start.batches) * this.composer.operationsPerBatch;
    const seconds = (end.at - start.at) / 1000;
    const microsPerOp = (nanos: number): number => nanos / 1000 / operations;
    return {
      seconds,
      operations,
      opsPerSecond: operations / seconds,
      latencyMicros: this.histogram.summary(),
      generatorCpuMicrosPerOp: microsPerOp(end.generatorNanos - start.generatorNanos),
      serverCpuMicrosPerOp: microsPerOp(end.serverNanos - start.serverNanos),
      serverResidentBytes: this.server.residentBytes(),
    };
  }
}

interface Snapshot {
  readonly at: number;
  readonly batches: number;
  readonly serverNanos: number;
  readonly generatorNanos: number;
}
