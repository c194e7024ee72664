/**
 * The arithmetic of the table: medians, spreads, ratios and verdicts from the windows of a row.
 *
 * Pure; called by operations.ts, latency.ts and two-workers.ts, printed by report/operations-text.ts. A ratio is the median of
 * the ratios of the rounds: the windows of a round lie within two seconds, so a machine that is slow for a while slows both
 * sides, and one disturbed round moves nothing.
 */
import type { TurnWindow } from '../load/turns.js';
import type { Verdict } from './check.js';
import { type Row, SINGLE_SEND_VERSION, type TransportName } from './rows.js';

export interface Figures {
  /** Server CPU microseconds per operation, one sample a round. */
  readonly samples: readonly number[];
  readonly cpuMicrosPerOp: number;
  /** Distance of the quartiles, in percent of the median: one disturbed window does not show in it. */
  readonly spreadPercent: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly p999Micros: number;
  readonly generatorCpuMicrosPerOp: number;
  readonly residentBytes: number;
}

export interface RowResult {
  readonly id: string;
  readonly label: string;
  readonly shoal: Figures;
  readonly peer: Figures;
  readonly ratio: number;
  /** First and third quartile of the ratios of the rounds. */
  readonly ratioRange: readonly [number, number];
  readonly limit?: number;
  readonly verdict: Verdict;
  /** Dialect of memcached that stands below the line, when it is not this row's own. */
  readonly judgedAgainst?: string;
  /** The generator used more CPU per operation than one of the servers: it set that server's pace. */
  readonly isGeneratorSlower: boolean;
}

export interface RowWindows {
  readonly row: Row;
  readonly shoal: readonly TurnWindow[];
  readonly peer: readonly TurnWindow[];
  /** Of row.oldPeerDialect, where that is what judges. */
  readonly reference?: readonly TurnWindow[];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between the two nearest values, in proportion. */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

export function spreadPercent(values: readonly number[]): number {
  return ((quantile(values, 0.75) - quantile(values, 0.25)) / median(values)) * 100;
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

/** The dialect of memcached that judges a row, when it is another than the row's. */
export function referenceDialect(row: Row, memcachedVersion: string | undefined): Row['oldPeerDialect'] {
  if (memcachedVersion === undefined) return undefined;
  return compareVersions(memcachedVersion, SINGLE_SEND_VERSION) < 0 ? row.oldPeerDialect : undefined;
}

export function figuresOf(windows: readonly TurnWindow[]): Figures {
  const samples = windows.map((window) => window.serverCpuMicrosPerOp);
  const middle = (pick: (window: TurnWindow) => number): number => median(windows.map(pick));
  return {
    samples,
    cpuMicrosPerOp: median(samples),
    spreadPercent: spreadPercent(samples),
    opsPerSecond: middle((window) => window.opsPerSecond),
    p50Micros: middle((window) => window.latencyMicros.p50),
    p99Micros: middle((window) => window.latencyMicros.p99),
    p999Micros: middle((window) => window.latencyMicros.p999),
    generatorCpuMicrosPerOp: middle((window) => window.generatorCpuMicrosPerOp),
    residentBytes: middle((window) => window.serverResidentBytes),
  };
}

/** Without a transport, as when something else than memcached stands on the other side, nothing is judged. */
export function judge({ row, ...windows }: RowWindows, transport: TransportName | undefined): RowResult {
  const shoal = figuresOf(windows.shoal);
  const peer = figuresOf(windows.peer);
  const ratios = ratiosOf(windows.shoal, windows.reference ?? windows.peer);
  const ratio = median(ratios);
  const limit = transport === undefined ? undefined : row.limits[transport];
  return {
    id: row.id,
    label: row.label,
    shoal,
    peer,
    ratio,
    ratioRange: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    ...(limit === undefined ? {} : { limit }),
    verdict: verdictOf(ratio, limit),
    ...(windows.reference === undefined ? {} : { judgedAgainst: row.oldPeerDialect }),
    isGeneratorSlower: [shoal, peer].some((side) => side.generatorCpuMicrosPerOp > side.cpuMicrosPerOp),
  };
}

/** A ratio that is no number is a miss: the row was not measured. */
export function verdictOf(ratio: number, limit: number | undefined): Verdict {
  if (limit === undefined) return 'none';
  return ratio <= limit ? 'pass' : 'miss';
}

/** Of the CPU per operation, window by window. */
export function ratiosOf(over: readonly TurnWindow[], under: readonly TurnWindow[]): number[] {
  return over.map((window, round) => window.serverCpuMicrosPerOp / under[round].serverCpuMicrosPerOp);
}
