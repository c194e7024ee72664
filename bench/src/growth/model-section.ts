/**
 * The model as a part of the report: prices, how well they explain the points, and what they say about 8, 16 and 48 cores.
 *
 * Called by index.ts when all parts were measured. Shoal and memcached are fitted alike, so that a model that flatters shows on both.
 */
import type { Section } from '../report/section.js';
import { median } from '../rows/table.js';
import { readCaches } from './caches.js';
import { crowdCostOf } from './connections.js';
import { addedBy, type SceneCost } from './contention.js';
import { type Added, type Ceiling, Forecaster, type ReachedCeiling } from './forecast.js';
import { type Fit, fitPrices } from './model.js';
import { microsText, tableOf } from './point-table.js';
import { type Caches, observationsOf, PRICES, type Work } from './price-list.js';
import type { Measured } from './sampling.js';
import { SIDES, type Side } from './servers.js';

const CORES = [1, 2, 8, 16, 48] as const;
/** A node that is worth many cores: ten million keys, a thousand clients at work. */
const LARGE = { valueBytes: 100, keyCount: 10_000_000, busy: 1000 } as const;
type Named = Work & { readonly name: string };
const WORKS: readonly Named[] = [
  { name: 'get', verb: 'get', depth: 1, ...LARGE },
  { name: 'set', verb: 'set', depth: 1, ...LARGE },
  { name: 'get, 16 pipelined', verb: 'get', depth: 16, ...LARGE },
  { name: 'set, 16 pipelined', verb: 'set', depth: 16, ...LARGE },
];
/** memcached's threads cannot be measured without its sockets. */
const NOTHING: Added = { micros: 0, doubt: 0 };
/** A limit that takes more is none. */
const MOST_CORES = 128;
const NETWORK_GIGABITS = 25;
/** Ethernet, IP and TCP around every segment; key and words of a command or reply beside the value. */
const SEGMENT_BYTES = 78;
const COMMAND_BYTES = 60;

export function modelSection(all: readonly Measured[], contention: readonly SceneCost[]): Section {
  const caches = readCaches();
  const fits = new Map(SIDES.map((side) => [side, fitPrices(PRICES, observationsOf(all, side, caches))]));
  const added = { get: addedBy(contention, 'get'), set: addedBy(contention, 'set anew') };
  const parts = [
    forecastPart({ side: 'Shoal', fit: fits.get('Shoal')!, all, caches, added }),
    forecastPart({
      side: 'memcached',
      fit: fits.get('memcached')!,
      all,
      caches,
      added: { get: NOTHING, set: NOTHING },
    }),
  ];
  return {
    id: 'growth-model',
    title: 'A model for more cores',
    markdown: [
      `Prices in microseconds of CPU, fitted on ${fits.get('Shoal')!.residuals.length} points; second-level cache ${caches.secondBytes / 2 ** 20} MiB, third ${caches.thirdBytes / 2 ** 20} MiB:`,
      '',
      priceTable(fits),
      '',
      ...SIDES.map((side) => `${side}: ${qualityText(fits.get(side)!)}`),
      '',
      addedText(added),
      '',
      ...parts.flatMap(({ markdown }) => [markdown, '']),
      residualTable(fits),
    ].join('\n'),
    data: { caches, fits: Object.fromEntries(fits), forecasts: parts.map(({ data }) => data) },
    charts: [],
  };
}

function priceTable(fits: ReadonlyMap<Side, Fit>): string {
  const lines = PRICES.map((name, index) => [name, ...SIDES.map((side) => priceText(fits.get(side)!, index))]);
  return tableOf(['price', 'Shoal', 'memcached'], lines);
}

function priceText({ prices }: Fit, index: number): string {
  const { micros, standardError } = prices[index];
  if (Number.isNaN(standardError)) return 'not told apart from 0';
  return `${micros.toPrecision(3)} ± ${standardError.toPrecision(1)}`;
}

function qualityText({ residuals, relativeError }: Fit): string {
  const worst = residuals.reduce((one, other) => (Math.abs(other.relative) > Math.abs(one.relative) ? other : one));
  return `off by ${percent(relativeError)} on average (root mean square), at worst by ${percent(worst.relative)}: ${worst.label}.`;
}

function residualTable(fits: ReadonlyMap<Side, Fit>): string {
  const points = fits.get('Shoal')!.residuals.map(({ label }) => label);
  const lines = points.map((label, index) => [
    label,
    ...SIDES.flatMap((side) => {
      const { measured, fitted, relative } = fits.get(side)!.residuals[index];
      return [microsText(measured), microsText(fitted), percent(relative)];
    }),
  ]);
  return tableOf(['point', 'Shoal measured', 'model', 'off by', 'memcached measured', 'model', 'off by'], lines);
}

interface ForecastParts {
  readonly side: Side;
  readonly fit: Fit;
  readonly all: readonly Measured[];
  readonly caches: Caches;
  readonly added: Readonly<Record<'get' | 'set', Added>>;
}

function forecastPart({ side, fit, all, caches, added }: ForecastParts): { markdown: string; data: unknown } {
  const accepted = acceptedPerSecond(all, side);
  const forecasts = WORKS.map(({ name, ...work }) => {
    const forecaster = new Forecaster(fit.prices, caches, work, added[work.verb]);
    return {
      name,
      forecasts: CORES.map((cores) => forecaster.on(cores)),
      reached: forecaster.reached(ceilingsOf(all, side, work)),
    };
  });
  const lines = forecasts.map(({ name, forecasts: of, reached }) => [
    name,
    ...of.map(({ opsPerSecond, low, high }) => `${millions(opsPerSecond)} (${millions(low)}–${millions(high)})`),
    ...limitCells(reached),
  ]);
  const heads = ['work', ...CORES.map((cores) => `${cores} core${cores === 1 ? '' : 's'}`), 'first limit', 'then'];
  const markdown = [
    `${side}${added.get === NOTHING ? ', if its workers cost each other nothing' : ''}, millions of operations a second, ${LARGE.keyCount.toLocaleString('en')} keys of ${LARGE.valueBytes} bytes, ${LARGE.busy.toLocaleString('en')} clients at work:`,
    '',
    tableOf(heads, lines),
    '',
    `One thread takes in ${Number.isFinite(accepted) ? Math.round(accepted).toLocaleString('en') : 'an unknown number of'} new connections a second at most, on any number of cores.`,
  ].join('\n');
  return { markdown, data: { side, accepted, forecasts } };
}

function addedText({ get, set }: Readonly<Record<'get' | 'set', Added>>): string {
  const nanos = ({ micros, doubt }: Added): string => `${(micros * 1000).toFixed(0)} ± ${(doubt * 1000).toFixed(0)} ns`;
  return `A further worker, by Shoal’s store alone: ${nanos(get)} for a get, ${nanos(set)} for a set that makes a new item.`;
}

function limitCells(reached: readonly ReachedCeiling[]): string[] {
  const near = reached.filter(({ cores }) => cores <= MOST_CORES);
  const cells = near.map(
    ({ name, opsPerSecond, cores }) => `${name}, ${millions(opsPerSecond)}, at ${Math.ceil(cores)} cores`,
  );
  return [cells[0] ?? `none below ${MOST_CORES} cores`, cells[1] ?? '–'];
}

function ceilingsOf(all: readonly Measured[], side: Side, work: Work): Ceiling[] {
  const thread = otherThreadMicros(all, side, work.verb);
  const bytes = work.valueBytes + COMMAND_BYTES + SEGMENT_BYTES / work.depth;
  return [
    { name: `network of ${NETWORK_GIGABITS} Gbit/s`, opsPerSecond: (NETWORK_GIGABITS * 1e9) / 8 / bytes },
    ...(thread > 0 ? [{ name: 'the busiest thread beside the workers', opsPerSecond: 1e6 / thread }] : []),
  ];
}

/** Of the thread that is busiest after the workers, per operation: there is one of it, whatever the number of workers. */
function otherThreadMicros(all: readonly Measured[], side: Side, verb: 'get' | 'set'): number {
  const points = all.filter(
    ({ point }) => point.part === 'keys' && point.workload.verb === verb && point.workload.depth > 1,
  );
  const micros = points.flatMap(({ point, samples }) =>
    samples[side].flatMap(
      ({ serverThreadMicrosPerOp = [] }) => serverThreadMicrosPerOp.slice(point.setup.workers)[0] ?? [],
    ),
  );
  return micros.length === 0 ? 0 : median(micros);
}

function acceptedPerSecond(all: readonly Measured[], side: Side): number {
  const micros = all.flatMap((measured) => crowdCostOf(measured, side)?.microsPerConnection ?? []);
  return micros.length === 0 ? Number.NaN : 1e6 / median(micros);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

function millions(opsPerSecond: number): string {
  return (opsPerSecond / 1e6).toFixed(opsPerSecond < 1e6 ? 2 : 1);
}
