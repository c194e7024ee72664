/**
 * The latency of gets in tenths of a second while a table grows: what expansion.ts measures, and what keys.ts makes of it.
 *
 * Latencies travel as the filled buckets of a histogram, so that percentiles of any set of windows can be told, not only of each.
 * Whether a table is growing in a window is what the server said in `stats` around that time. Pure.
 */
export const WINDOW_MS = 100;

/** Upper bound in microseconds, and how many gets took no longer but longer than the bound before. */
export type Bucket = readonly [boundMicros: number, count: number];

export interface Window {
  /** Wall clock. */
  readonly endedAtMs: number;
  readonly lengthMs: number;
  readonly sets: number;
  /** Stored by the end of it. */
  readonly keys: number;
  readonly latencies: readonly Bucket[];
  readonly maxMicros: number;
}

export interface ExpansionReport {
  readonly keyCount: number;
  readonly growing: readonly Window[];
  /** Sets of keys that are there already. */
  readonly steady: readonly Window[];
}

/** What `stats` said. */
export interface TableState {
  readonly atMs: number;
  readonly isExpanding: boolean;
}

export interface Latency {
  readonly gets: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly setsPerSecond: number;
}

/** A table that was growing at a moment in or right beside the window. */
export function isExpandingIn({ endedAtMs, lengthMs }: Window, states: readonly TableState[]): boolean {
  const from = endedAtMs - lengthMs - WINDOW_MS / 2;
  const to = endedAtMs + WINDOW_MS / 2;
  return states.some(({ atMs, isExpanding }) => isExpanding && atMs >= from && atMs <= to);
}

/** Undefined where there is no get to tell of. */
export function latencyOf(windows: readonly Window[]): Latency | undefined {
  const counts = new Map<number, number>();
  for (const { latencies } of windows) {
    for (const [bound, count] of latencies) counts.set(bound, (counts.get(bound) ?? 0) + count);
  }
  const buckets = [...counts].sort(([one], [other]) => one - other);
  const gets = sum(buckets.map(([, count]) => count));
  if (gets === 0) return undefined;
  const max = Math.max(...windows.map(({ maxMicros }) => maxMicros));
  const at = (fraction: number): number => Math.min(quantileOf(buckets, fraction * gets), max);
  const seconds = sum(windows.map(({ lengthMs }) => lengthMs)) / 1000;
  const setsPerSecond = sum(windows.map(({ sets }) => sets)) / seconds;
  return { gets, p50: at(0.5), p99: at(0.99), p999: at(0.999), max, setsPerSecond };
}

function quantileOf(buckets: readonly Bucket[], rank: number): number {
  let seen = 0;
  for (const [bound, count] of buckets) {
    seen += count;
    if (seen >= rank) return bound;
  }
  return 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
