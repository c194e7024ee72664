/**
 * Measures points on the two servers of their group, in turn within a round and in the other order every second round.
 *
 * Called by the sections. Round 0 stores the keys and lets V8 see all kinds of work, and is thrown away. A point with silent connections has its
 * crowd opened before each sample and closed after it. Stops its servers also when a sample fails; a wrong reply fails the run.
 */
import { LOAD_DEFAULTS } from '../load/load-options.js';
import { loadOnce } from '../load/load-process.js';
import type { LoadReport } from '../load/load-run.js';
import type { ServerProcess } from '../peers/server-process.js';
import { median } from '../rows/table.js';
import { openCrowd } from './crowd-process.js';
import type { GrowthPlan } from './plan.js';
import type { Point, Setup } from './points.js';
import { coresFor, SIDES, type Side, startServer } from './servers.js';

/** Of an idle crowd beside a sample. */
export interface CrowdCost {
  readonly microsPerConnection: number;
  readonly residentBytesPerConnection: number;
}

export interface Sample extends LoadReport {
  readonly crowd?: CrowdCost;
}

/** A closed loop of so many answers each only once in a while: the window grows with them. */
const BUSY_A_WINDOW = 2500;
/** Taking in a connection and parting with an older one must be over before the clock starts. */
const ACCEPT_SECONDS = 0.0002;

export type Samples = Record<Side, Sample[]>;

export interface Measured {
  readonly point: Point;
  readonly samples: Samples;
  /** Of the first crowd: memory that it touched stays with the server, so later ones seem to need less. */
  readonly firstCrowd: Partial<Record<Side, CrowdCost>>;
}

export interface Sampling {
  readonly plan: GrowthPlan;
  readonly filePrefix: readonly string[];
}

export async function measureGroup(points: readonly Point[], sampling: Sampling): Promise<Measured[]> {
  const { setup } = points[0];
  const all = points.map((point): Measured => ({ point, samples: { Shoal: [], memcached: [] }, firstCrowd: {} }));
  const servers = new Map<Side, ServerProcess>();
  try {
    for (const side of SIDES) servers.set(side, await startServer(side, sampling.plan, setup, sampling.filePrefix));
    for (let round = 0; round <= sampling.plan.rounds; round++) {
      const order = round % 2 === 1 ? SIDES : SIDES.toReversed();
      for (const measured of all) {
        for (const side of order) {
          const turn = { server: servers.get(side)!, round, isStored: round > 0 };
          const sample = await takeSample(measured.point, sampling, turn);
          if (round > 0) measured.samples[side].push(sample);
          else measured.firstCrowd[side] = sample.crowd;
        }
        if (round > 0) console.error(progressLine(measured, sampling.plan, round));
      }
    }
    return all;
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
}

export interface Turn {
  readonly server: ServerProcess;
  readonly round: number;
  /** All keys of the point are there already. */
  readonly isStored: boolean;
}

export async function takeSample(point: Point, { plan, filePrefix }: Sampling, turn: Turn): Promise<Sample> {
  const { server, round, isStored } = turn;
  const crowd = point.idle > 0 ? await openCrowd(server, point.idle, filePrefix) : undefined;
  const report = await loadOnce({
    host: '127.0.0.1',
    port: server.port,
    pid: server.pid,
    workload: point.workload,
    connections: point.busy,
    keyCount: point.keyCount,
    seconds: plan.seconds * (1 + point.busy / BUSY_A_WINDOW),
    warmupSeconds: LOAD_DEFAULTS.warmupSeconds + point.busy * ACCEPT_SECONDS,
    isStored,
    seed: round,
    cpu: generatorCore(point.setup),
    isJson: true,
  });
  if (crowd === undefined) return report;
  await crowd.close();
  const { microsPerConnection, residentBytesPerConnection } = crowd;
  return { ...report, crowd: { microsPerConnection, residentBytesPerConnection } };
}

export function generatorCore(setup: Setup): number {
  return coresFor(setup).generator;
}

/** Median of a figure over the rounds; NaN where no round has it. */
export function figureOf(samples: readonly Sample[], figure: (sample: Sample) => number | undefined): number {
  return median(samples.map(figure).filter((value) => value !== undefined));
}

export function microsOf(samples: readonly Sample[]): number {
  return figureOf(samples, ({ serverCpuMicrosPerOp }) => serverCpuMicrosPerOp);
}

function progressLine({ point, samples }: Measured, { rounds }: GrowthPlan, round: number): string {
  const last = SIDES.map((side) => `${side} ${samples[side].at(-1)?.serverCpuMicrosPerOp?.toFixed(2)} µs/op`);
  const { part, label, workload, keyCount, setup } = point;
  const what = `${part}: ${label}, ${keyCount} keys, ${workload.valueBytes} B, ${setup.workers} worker(s)`;
  return `round ${round}/${rounds}  ${what.padEnd(70)} ${last.join(', ')}`;
}
