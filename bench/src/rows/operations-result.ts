/**
 * What the rows of one number of workers came to: a table for each transport, and redis's figures.
 *
 * Made by operations.ts, drawn by report/operations-text.ts, and kept as it is in the JSON of a result.
 */
import type { TransportName } from './rows.js';
import type { Figures, RowResult } from './table.js';

export interface TransportTable {
  readonly transport: TransportName;
  readonly rows: readonly RowResult[];
}

export interface RedisRow {
  readonly id: string;
  readonly label: string;
  readonly figures: Figures;
}

export interface Operations {
  readonly workers: number;
  readonly peerName: string;
  readonly shoalVersion: string;
  readonly windows: number;
  readonly windowSeconds: number;
  readonly warmupSeconds: number;
  readonly tables: readonly TransportTable[];
  readonly redis?: { readonly version: string; readonly rows: readonly RedisRow[] };
  readonly warnings: readonly string[];
}
