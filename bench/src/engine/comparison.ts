// Two engines in turn: a process of each, sampled one after the other within a millisecond, in the other order every second
// time. A slow spell of the machine meets both, so the median of the ratios of such pairs is steadier than any time by itself.
// New processes in each round, because V8 does not compile the same way twice. Called by main.ts.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface Compared {
  readonly id: string;
  /** Least nanoseconds an operation. */
  readonly ours: number;
  readonly theirs: number;
  /** Median of ours over theirs; and of each round by itself. */
  readonly ratio: number;
  readonly rounds: readonly number[];
}

interface Comparison {
  readonly ours: string;
  readonly theirs: string;
  readonly only: readonly string[];
  readonly samples: number;
  readonly rounds: number;
}

type Pair = readonly [ours: number, theirs: number];

export async function compareEngines({ ours, theirs, only, samples, rounds }: Comparison): Promise<Compared[]> {
  const pairs: Pair[][][] = only.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const sides = [await start(ours, only), await start(theirs, only)] as const;
    for (const row of only.keys()) pairs[row].push(await sampleBoth(sides, row, samples));
    for (const side of sides) side.disconnect();
  }
  return only.map((id, row) => summary(id, pairs[row]));
}

async function start(entry: string, only: readonly string[]): Promise<ChildProcess> {
  const child = fork(entry, ['--only', only.join()]);
  await once(child, 'message');
  return child;
}

async function sampleBoth(
  [ours, theirs]: readonly [ChildProcess, ChildProcess],
  row: number,
  samples: number,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let i = 0; i < samples; i++) {
    if (i % 2 === 0) {
      const first = await sampleOf(ours, row);
      pairs.push([first, await sampleOf(theirs, row)]);
    } else {
      const first = await sampleOf(theirs, row);
      pairs.push([await sampleOf(ours, row), first]);
    }
  }
  return pairs;
}

async function sampleOf(side: ChildProcess, row: number): Promise<number> {
  side.send(row);
  const [nanoseconds] = (await once(side, 'message')) as [number];
  return nanoseconds;
}

function summary(id: string, rounds: readonly Pair[][]): Compared {
  const all = rounds.flat();
  return {
    id,
    ours: Math.min(...all.map(([ours]) => ours)),
    theirs: Math.min(...all.map(([, theirs]) => theirs)),
    ratio: medianRatio(all),
    rounds: rounds.map(medianRatio),
  };
}

function medianRatio(pairs: readonly Pair[]): number {
  const ratios = pairs.map(([ours, theirs]) => ours / theirs).sort((a, b) => a - b);
  return ratios[ratios.length >> 1];
}
