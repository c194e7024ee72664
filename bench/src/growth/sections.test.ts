// The sections on samples made up from known prices, so that a run of a quarter of an hour does not end in a fault of the writer.
import { describe, expect, test } from '@jest/globals';
import { connectionsSection } from './connections.js';
import type { SceneCost } from './contention.js';
import { SCENES } from './contention-work.js';
import type { Expansion } from './expansion-run.js';
import { keysSection } from './keys.js';
import { modelSection } from './model-section.js';
import type { Part } from './plan.js';
import { keyPoints, MOST_KEYS, MOST_KEYS_SETUP, type Point, pointGroups } from './points.js';
import type { Measured, Sample } from './sampling.js';
import { valuesSection } from './values.js';
import { WINDOW_MS, type Window } from './windows.js';
import { workersSection } from './workers.js';

const ROUNDS = 3;

function microsOf({ workload, keyCount, busy }: Point): number {
  const { depth, valueBytes, verb } = workload;
  return 5 / depth + (verb === 'get' ? 0.4 : 0.6) + valueBytes * 0.0003 + Math.log10(keyCount) * 0.02 + busy * 1e-4;
}

function sampleOf(point: Point, round: number, factor: number): Sample {
  const micros = microsOf(point) * factor * (1 + round / 1000);
  return {
    workload: point.workload,
    connections: point.busy,
    keyCount: point.keyCount,
    seconds: 1,
    operations: 1000,
    opsPerSecond: 1e6 / micros,
    latencyMicros: { p50: 100, p99: 200, p999: 300, max: 400 },
    generatorCpuMicrosPerOp: micros,
    serverCpuMicrosPerOp: micros,
    serverThreadMicrosPerOp: [micros * 0.9, micros * 0.1],
    serverResidentBytes: 1e8,
    ...(point.idle > 0 ? { crowd: { microsPerConnection: 20, residentBytesPerConnection: 600 } } : {}),
  };
}

function measure(point: Point): Measured {
  const samples = (factor: number): Sample[] =>
    Array.from({ length: ROUNDS }, (_, round) => sampleOf(point, round, factor));
  const [{ crowd }] = samples(1);
  return {
    point,
    samples: { Shoal: samples(0.8), memcached: samples(1) },
    firstCrowd: crowd === undefined ? {} : { Shoal: crowd, memcached: crowd },
  };
}

function measuredPart(part: Part): Measured[] {
  return pointGroups(part, 10_000).flat().map(measure);
}

const contention: SceneCost[] = SCENES.map((scene) => ({
  scene,
  nanos: [200, 210, 190].map((ns) => ns * scene.kinds.length),
}));

function windowAt(index: number): Window {
  const endedAtMs = (index + 1) * WINDOW_MS;
  const latencies: Window['latencies'] = [
    [100, 90],
    [900, 1],
  ];
  return { endedAtMs, lengthMs: WINDOW_MS, sets: 1000, keys: (index + 1) * 1000, latencies, maxMicros: 850 };
}

const expansion: Expansion = {
  keyCount: MOST_KEYS,
  growing: Array.from({ length: 20 }, (_, index) => windowAt(index)),
  steady: Array.from({ length: 5 }, (_, index) => windowAt(index + 20)),
  states: [{ atMs: 5 * WINDOW_MS, isExpanding: true }],
};
const most = {
  expansions: { Shoal: expansion, memcached: expansion },
  measured: keyPoints(MOST_KEYS, MOST_KEYS_SETUP).map(measure),
};

describe('a section', () => {
  test('of workers shows every point, and what threads cost each other', () => {
    const { markdown } = workersSection(measuredPart('workers'), contention);
    expect(markdown).toContain('| get | 2 |');
    expect(markdown).toContain('| get of one hot key, 16 pipelined | 1.00× | 1.00× |');
    expect(markdown).toContain('| set anew beside set anew | 400 | 380–420 |');
  });

  test('of connections shows the crowd’s cost, a chart, and says what limit was met', () => {
    const { markdown, charts } = connectionsSection(measuredPart('connections'), 'the limit is low');
    expect(markdown).toContain('Note: the limit is low.');
    expect(markdown).toContain('| 9,950 | 20.0 | 20.0 | 600 | 600 |');
    expect(charts.map(({ svg }) => svg.startsWith('<svg'))).toEqual([true]);
  });

  test('of keys tells the latency of each stage, and draws both pictures', () => {
    const { markdown, charts } = keysSection(measuredPart('keys'), most);
    expect(markdown).toContain('| Shoal | new keys, table growing | 0.2 | 10,000 | 182 | 100 | 850 | 850 | 850 |');
    expect(charts.map(({ name }) => name)).toEqual(['growth-keys', 'growth-table']);
  });

  test('of values shows what a KiB costs', () => {
    const { markdown } = valuesSection(measuredPart('values'));
    expect(markdown).toContain('| get | 1,048,576 | 0.25 | 0.31 |');
  });

  test('of the model fits all parts and looks as far as 48 cores', () => {
    const parts = (['workers', 'connections', 'keys', 'values'] as const).flatMap(measuredPart);
    const { markdown, data } = modelSection([...parts, ...most.measured], contention);
    expect(markdown).toContain('| readable event |');
    expect(markdown).toContain('48 cores');
    expect(markdown).toContain('A further worker, by Shoal’s store alone: 200 ± 10 ns for a get');
    expect(markdown).not.toContain('NaN');
    expect(JSON.stringify(data).length).toBeGreaterThan(1000);
  });
});
