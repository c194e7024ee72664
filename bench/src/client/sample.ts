// What one run of one client found, and what a run can be. Shared by client-load.ts,
// which finds it, and main.ts, which compares.
// An operation is one key read or written: a getMany of 100 counts 100.
export const ROWS = ['get', 'set', 'getMany'] as const;
export type ClientRow = (typeof ROWS)[number];

/** Callers at one time, each of which waits for its reply before it asks again. */
export const ROW_LOOPS: Readonly<Record<ClientRow, number>> = { get: 50, set: 50, getMany: 5 };

export interface ClientSample {
  readonly operations: number;
  readonly seconds: number;
  /** User and system, all threads of the client's process. */
  readonly cpuMicros: number;
}
