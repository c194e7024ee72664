// The arithmetic of the bench table: medians, spreads, ratios and verdicts from the samples of all rounds. Pure; called by bench.ts,
// printed by table-text.ts. A ratio is the median of the ratios of the rounds: the two samples of a round lie seconds apart, so a machine
// that is slow for a while slows both, and one disturbed round moves nothing.
import type { LoadReport } from '../load/load-run.js';
import { type Row, SINGLE_SEND_VERSION, type TransportName } from './rows.js';

export interface Figures {
  /** Server CPU microseconds per operation, one sample a round. */
  readonly samples: readonly number[];
  readonly cpuMicrosPerOp: number;
  /** Largest minus smallest sample, in percent of the median. */
  readonly spreadPercent: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly generatorCpuMicrosPerOp: number;
  readonly residentBytes: number;
}

export type Verdict = 'pass' | 'miss' | 'none';

export interface RowResult {
  readonly id: string;
  readonly label: string;
  readonly shoal: Figures;
  readonly peer: Figures;
  readonly ratio: number;
  /** Smallest and largest ratio of a round. */
  readonly ratioRange: readonly [number, number];
  readonly limit?: number;
  readonly goal?: number;
  readonly verdict: Verdict;
  /** Id of the row whose memcached figure stands below the line, when it is not this row's own. */
  readonly judgedAgainst?: string;
  /** The generator used more CPU per operation than one of the servers: it set that server's pace. */
  readonly isGeneratorSlower: boolean;
}

export interface RowSamples {
  readonly row: Row;
  readonly shoal: readonly LoadReport[];
  readonly peer: readonly LoadReport[];
}

export interface Judging {
  readonly transport: TransportName;
  /** Version of memcached; undefined when the other side is not memcached, and then nothing is judged. */
  readonly memcachedVersion?: string;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spreadPercent(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100;
}

/** Negative, zero or positive, as a comes before, with or after b. Compares dotted numbers. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map((part) => Number.parseInt(part, 10));
  const right = b.split('.').map((part) => Number.parseInt(part, 10));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] || 0) - (right[i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function figuresOf(reports: readonly LoadReport[]): Figures {
  const samples = reports.map((report) => report.serverCpuMicrosPerOp ?? Number.NaN);
  const middle = (pick: (report: LoadReport) => number): number => median(reports.map(pick));
  return {
    samples,
    cpuMicrosPerOp: median(samples),
    spreadPercent: spreadPercent(samples),
    opsPerSecond: middle((report) => report.opsPerSecond),
    p50Micros: middle((report) => report.latencyMicros.p50),
    p99Micros: middle((report) => report.latencyMicros.p99),
    p999Micros: middle((report) => report.latencyMicros.p999),
    generatorCpuMicrosPerOp: middle((report) => report.generatorCpuMicrosPerOp),
    residentBytes: middle((report) => report.serverResidentBytes ?? Number.NaN),
  };
}

export function judge(all: readonly RowSamples[], judging: Judging): RowResult[] {
  const peers = new Map(all.map(({ row, peer }) => [row.id, figuresOf(peer)]));
  return all.map(({ row, shoal: reports }) => {
    const shoal = figuresOf(reports);
    const peer = peers.get(row.id)!;
    const judgedAgainst = referenceOf(row, judging);
    const ratios = ratiosOf(shoal, peers.get(judgedAgainst ?? row.id)!);
    const ratio = median(ratios);
    const limit = judging.memcachedVersion === undefined ? undefined : row.limits[judging.transport];
    return {
      id: row.id,
      label: row.label,
      shoal,
      peer,
      ratio,
      ratioRange: [Math.min(...ratios), Math.max(...ratios)],
      ...(limit === undefined ? {} : { limit }),
      ...(row.goal === undefined ? {} : { goal: row.goal }),
      verdict: verdictOf(ratio, limit),
      ...(judgedAgainst === undefined ? {} : { judgedAgainst }),
      isGeneratorSlower: [shoal, peer].some((side) => side.generatorCpuMicrosPerOp > side.cpuMicrosPerOp),
    };
  });
}

/** A ratio that is no number is a miss: the row was not measured. */
export function verdictOf(ratio: number, limit: number | undefined): Verdict {
  if (limit === undefined) return 'none';
  return ratio <= limit ? 'pass' : 'miss';
}

function ratiosOf(shoal: Figures, peer: Figures): number[] {
  return shoal.samples.map((sample, round) => sample / peer.samples[round]);
}

function referenceOf(row: Row, { memcachedVersion }: Judging): string | undefined {
  if (memcachedVersion === undefined || row.oldPeerReference === undefined) return undefined;
  return compareVersions(memcachedVersion, SINGLE_SEND_VERSION) < 0 ? row.oldPeerReference : undefined;
}
