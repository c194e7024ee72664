/**
 * Runs turns in a generator process of its own and reads their windows.
 *
 * Called by the parts of the bench (rows/). Bounded: a generator that outlives its plan by GRACE_MS, with STORE_MS a key and
 * server, is killed and the bench fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { trackChild } from '../peers/server-process.js';
import type { TurnsPlan, TurnWindow } from './turns.js';

const ENTRY = fileURLToPath(new URL('../../dist/load/turns-main.js', import.meta.url));
/**
 * The generator's own garbage is collected between windows (turns.ts) and not within: at 70,000 requests a second a collection of its young
 * heap came every 80 ms and took 0.7 ms, in which it neither sent nor received, and which p99.9 then showed for every server alike.
 */
const HEAP_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
const GRACE_MS = 60_000;
const STORE_MS = 0.02;

export async function turnsOf(plan: TurnsPlan): Promise<TurnWindow[][]> {
  const child = spawn(process.execPath, [...HEAP_FLAGS, ENTRY, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  trackChild(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), boundMs(plan));
  const [output, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  clearTimeout(timer);
  if (code !== 0) throw new Error(`The load run failed (${signal ?? `exit ${code}`}):\n${complaints.trimEnd()}`);
  if (complaints !== '') console.error(complaints.trimEnd());
  return JSON.parse(output);
}

function boundMs({ targets, windows, windowSeconds, keyCount }: TurnsPlan): number {
  const perTarget = targets.map(({ warmupSeconds }) => warmupSeconds * 4 + windows * windowSeconds);
  const loadSeconds = perTarget.reduce((sum, seconds) => sum + seconds, 0);
  return loadSeconds * 2000 + targets.length * keyCount * STORE_MS + GRACE_MS;
}
