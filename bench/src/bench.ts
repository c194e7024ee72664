/**
 * A run of the bench: the parts that the flags ask for, one after the other, into one result.
 *
 * Called by main.ts. Each part starts and stops servers of its own; a failed sample (a wrong reply above all) fails the
 * bench. --full adds cost as work grows and cache quality, whose folders hand over their sections.
 */
import type { BenchOptions } from './bench-options.js';
import { GROWTH_DEFAULTS, measureGrowth } from './growth/index.js';
import { LOAD_DEFAULTS } from './load/load-options.js';
import { busyWarning, type MachineFacts, machineFacts } from './machine/machine.js';
import { versionOf } from './peers/contenders.js';
import { measureQuality } from './quality/index.js';
import type { Section } from './report/section.js';
import type { Check, Part } from './rows/check.js';
import { measureIdle } from './rows/idle.js';
import { measureLatency } from './rows/latency.js';
import { measureOperations } from './rows/operations.js';
import { DEFAULT_PARTS, type PartId } from './rows/part-ids.js';
import { measureHits, measureItems, serversOf } from './rows/quality.js';
import { selectRows } from './rows/rows.js';
import { measureStartup } from './rows/startup.js';
import { measureTwoWorkers } from './rows/two-workers.js';

export interface BenchResult {
  readonly machine: MachineFacts;
  readonly versions: {
    /** "memcached 1.6.45", or what stands in its place. */
    readonly peer: string;
    readonly connections: number;
    readonly keyCount: number;
  };
  readonly seconds: number;
  readonly checks: readonly Check[];
  readonly sections: readonly Section[];
  readonly warnings: readonly string[];
}

const MEASURES: Record<PartId, (options: BenchOptions) => Part | Promise<Part>> = {
  workers: measureTwoWorkers,
  latency: measureLatency,
  idle: measureIdle,
  items: measureItems,
  hits: measureHits,
  help: measureStartup,
};

export async function runBench(options: BenchOptions, args: readonly string[]): Promise<BenchResult> {
  const machine = machineFacts(args, new Date());
  const warnings = [busyWarning(machine)].filter((warning) => warning !== undefined);
  for (const warning of warnings) console.error(warning);
  const startMs = performance.now();
  const parts: Part[] = [];
  if (selectRows(options.only).length > 0) {
    for (const workers of options.workers) parts.push(await measureOperations(options, workers));
  }
  for (const id of partsOf(options)) parts.push(await MEASURES[id](options));
  const sections = [...parts.map(({ section }) => section), ...(options.isFull ? await fullSections(options) : [])];
  const { connections, keyCount } = LOAD_DEFAULTS;
  return {
    machine,
    versions: { peer: versionOf(options), connections, keyCount },
    seconds: Math.round((performance.now() - startMs) / 1000),
    checks: parts.flatMap(({ checks }) => checks),
    sections,
    warnings,
  };
}

/** Against another Shoal only the rows are compared. */
function partsOf({ only, against }: BenchOptions): readonly PartId[] {
  const wanted = (Object.keys(MEASURES) as PartId[]).filter((id) => (only ?? DEFAULT_PARTS).some((one) => one === id));
  return against === undefined || only !== undefined ? wanted : [];
}

const QUALITY_MIB = 64;

async function fullSections(options: BenchOptions): Promise<Section[]> {
  const { memcached, shoal, transports } = options;
  const transport = transports?.[0] ?? GROWTH_DEFAULTS.transport;
  const growth = { ...GROWTH_DEFAULTS, memcached, transport, ...(shoal === undefined ? {} : { shoal }) };
  const onProgress = (what: string): void => console.error(what);
  const quality = { servers: serversOf(options), memoryMiB: QUALITY_MIB, seed: LOAD_DEFAULTS.seed, onProgress };
  return [...(await measureGrowth(growth)), ...(await measureQuality(quality))];
}
