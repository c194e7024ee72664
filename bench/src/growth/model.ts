/**
 * The model behind docs/performance.md: what an operation costs is a sum of prices, each paid so many times. Least squares find the prices.
 *
 * An observation says what one operation cost and how often it paid each price: a get of sixteen in one send pays a sixteenth of an event.
 * Residuals are taken relative to what was measured, since the points reach from one microsecond to a thousand. A price below zero means that
 * the points cannot tell it from the others: it is taken out and the rest fitted again. Pure; called by model-section.ts and its tests.
 */
import { Matrix, SVD } from 'ml-matrix';

export interface Observation {
  readonly label: string;
  /** CPU of the server per operation. */
  readonly micros: number;
  /** How often an operation pays each price, in the order of the names. */
  readonly counts: readonly number[];
}

export interface Price {
  readonly name: string;
  /** What is paid once, 0 when taken out. */
  readonly micros: number;
  /** How far the price may be off for the points to have come out as they did; NaN where it was taken out. */
  readonly standardError: number;
}

export interface Residual {
  readonly label: string;
  readonly measured: number;
  readonly fitted: number;
  /** (fitted − measured) / measured. */
  readonly relative: number;
}

export interface Fit {
  readonly prices: readonly Price[];
  readonly residuals: readonly Residual[];
  /** Root of the mean square of the relative residuals. */
  readonly relativeError: number;
}

export function fitPrices(names: readonly string[], observations: readonly Observation[]): Fit {
  let kept = names.map((_, index) => index).filter((index) => observations.some(({ counts }) => counts[index] !== 0));
  if (observations.length <= kept.length) {
    throw new Error(`Cannot fit ${kept.length} prices: ${observations.length} points are too few`);
  }
  let solution = solve(kept, observations);
  while (solution.micros.some((value) => value < 0)) {
    const worst = solution.micros.indexOf(Math.min(...solution.micros));
    kept = kept.filter((_, position) => position !== worst);
    solution = solve(kept, observations);
  }
  const prices = names.map((name, index) => {
    const position = kept.indexOf(index);
    if (position < 0) return { name, micros: 0, standardError: Number.NaN };
    return { name, micros: solution.micros[position], standardError: solution.standardErrors[position] };
  });
  const residuals = observations.map((observation) => residualOf(observation, prices));
  return { prices, residuals, relativeError: rootMeanSquare(residuals.map(({ relative }) => relative)) };
}

/** What an operation costs that pays the prices so often. */
export function costOf(prices: readonly Price[], counts: readonly number[]): number {
  return prices.reduce((sum, { micros }, index) => sum + micros * counts[index], 0);
}

interface Solution {
  readonly micros: readonly number[];
  readonly standardErrors: readonly number[];
}

/** Every equation is divided by its right side, so a residual of 0.05 means 5 % whatever the operation costs. */
function solve(kept: readonly number[], observations: readonly Observation[]): Solution {
  if (kept.length === 0) return { micros: [], standardErrors: [] };
  const rows = observations.map(({ counts, micros }) => kept.map((index) => counts[index] / micros));
  // Prices of a byte and of an event differ by 10⁴: columns of one length keep the decomposition exact.
  const lengths = kept.map((_, column) => Math.hypot(...rows.map((row) => row[column])));
  const scaled = new Matrix(rows.map((row) => row.map((value, column) => value / lengths[column])));
  const decomposition = new SVD(scaled, { autoTranspose: true });
  const solved = decomposition.solve(Matrix.ones(rows.length, 1)).to1DArray();
  const leftOver = scaled.mmul(Matrix.columnVector(solved)).sub(1).to1DArray();
  const variance = leftOver.reduce((sum, value) => sum + value * value, 0) / (rows.length - kept.length);
  const spread = inverseOfSquares(decomposition);
  return {
    micros: solved.map((value, column) => value / lengths[column]),
    standardErrors: spread.map((value, column) => Math.sqrt(variance * value) / lengths[column]),
  };
}

/** Diagonal of (XᵀX)⁻¹, from X = UΣVᵀ: the sum of (V / σ)² along each row. */
function inverseOfSquares({ rightSingularVectors: vectors, diagonal, threshold }: SVD): number[] {
  return vectors
    .to2DArray()
    .map((row) =>
      row.reduce(
        (sum, value, column) => (diagonal[column] > threshold ? sum + (value / diagonal[column]) ** 2 : sum),
        0,
      ),
    );
}

function residualOf({ label, micros, counts }: Observation, prices: readonly Price[]): Residual {
  const fitted = costOf(prices, counts);
  return { label, measured: micros, fitted, relative: (fitted - micros) / micros };
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
