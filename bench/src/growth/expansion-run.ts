/**
 * One server from nothing to many keys: runs expansion.ts against it and asks `stats` meanwhile whether its table grows.
 *
 * Called by keys.ts, for one side after the other, because both at once would take too much memory. Bounded: BOUND_MS for the whole run.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ServerProcess } from '../peers/server-process.js';
import { type ExpansionReport, type TableState, WINDOW_MS } from './windows.js';

const EXPANSION_ENTRY = fileURLToPath(new URL('expansion.js', import.meta.url));
const BOUND_MS = 240_000;
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;
const run = promisify(execFile);

export interface Expansion extends ExpansionReport {
  readonly states: readonly TableState[];
}

export async function runExpansion(
  server: ServerProcess,
  { keyCount, steadySeconds, core }: { keyCount: number; steadySeconds: number; core: number },
): Promise<Expansion> {
  const args = [EXPANSION_ENTRY, server.port, keyCount, steadySeconds, core].map(String);
  const isOver = new AbortController();
  const watching = watchTable(server.port, isOver.signal);
  try {
    const { stdout } = await run(process.execPath, args, { timeout: BOUND_MS, maxBuffer: OUTPUT_BYTES_MAX });
    isOver.abort();
    return { ...(JSON.parse(stdout) as ExpansionReport), states: await watching };
  } finally {
    isOver.abort();
  }
}

async function watchTable(port: number, isOver: AbortSignal): Promise<TableState[]> {
  const states: TableState[] = [];
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  while (!isOver.aborted) {
    socket.write('stats\r\n');
    states.push({ atMs: Date.now(), isExpanding: await readIsExpanding(lines) });
    await delay(WINDOW_MS);
  }
  socket.destroy();
  return states;
}

async function readIsExpanding(lines: AsyncIterator<string>): Promise<boolean> {
  let isExpanding = false;
  for (let next = await lines.next(); !next.done && next.value !== 'END'; next = await lines.next()) {
    if (next.value === 'STAT hash_is_expanding 1') isExpanding = true;
  }
  return isExpanding;
}
