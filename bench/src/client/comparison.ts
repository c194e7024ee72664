// Medians and ratios of the samples, and the table of them. Pure; called by client/main.ts.
// A ratio is taken within a round and its median shown, because the machine
// wanders from round to round more than the clients differ.
import { CONTENDERS, type ContenderName } from './contenders.js';
import { type ClientRow, type ClientSample, ROW_LOOPS, ROWS } from './sample.js';

/** One sample a client, of one row and round. */
export type Round = Readonly<Record<ContenderName, ClientSample>>;
export type Rounds = Readonly<Record<ClientRow, readonly Round[]>>;

export interface ClientFigures {
  readonly operationsPerSecond: number;
  readonly microsPerOperation: number;
  /** Shoal's operations per second over this client's, and this client's CPU over Shoal's: above 1 Shoal is ahead. */
  readonly speedRatio: number;
  readonly cpuRatio: number;
}

export function figuresOf(rounds: readonly Round[], name: ContenderName): ClientFigures {
  return {
    operationsPerSecond: median(rounds.map((round) => speed(round[name]))),
    microsPerOperation: median(rounds.map((round) => cpu(round[name]))),
    speedRatio: median(rounds.map((round) => speed(round.shoal) / speed(round[name]))),
    cpuRatio: median(rounds.map((round) => cpu(round[name]) / cpu(round.shoal))),
  };
}

/** Rows and clients in which Shoal is not ahead. */
export function behind(rounds: Rounds): string[] {
  return ROWS.flatMap((row) =>
    CONTENDERS.filter((name) => name !== 'shoal').flatMap((name) => {
      const { speedRatio, cpuRatio } = figuresOf(rounds[row], name);
      return [
        ...(speedRatio > 1 ? [] : [`${row}: operations per second against ${name}`]),
        ...(cpuRatio > 1 ? [] : [`${row}: CPU per operation against ${name}`]),
      ];
    }),
  );
}

export function comparisonTable(rounds: Rounds): string {
  const lines = ROWS.flatMap((row) => CONTENDERS.map((name) => tableLine(row, name, figuresOf(rounds[row], name))));
  return [
    '| row | callers | client | operations/s | CPU µs/operation | Shoal is faster by | and takes less CPU by |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function tableLine(row: ClientRow, name: ContenderName, figures: ClientFigures): string {
  const ratios =
    name === 'shoal' ? '| – | – |' : `| ${figures.speedRatio.toFixed(2)}× | ${figures.cpuRatio.toFixed(2)}× |`;
  const speedText = Math.round(figures.operationsPerSecond).toLocaleString('en-GB');
  return `| ${row} | ${ROW_LOOPS[row]} | ${name} | ${speedText} | ${figures.microsPerOperation.toFixed(2)} ${ratios}`;
}

function speed({ operations, seconds }: ClientSample): number {
  return operations / seconds;
}

function cpu({ operations, cpuMicros }: ClientSample): number {
  return cpuMicros / operations;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
