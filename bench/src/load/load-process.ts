// Runs the load generator as a process of its own against one server and reads its report. Called by
// bench.ts for every sample. Bounded: a generator that outlives its run by GRACE_MS, with STORE_MS a key, is killed and the
// bench fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { trackChild } from '../peers/server-process.js';
import { argumentsFor, type LoadOptions } from './load-options.js';
import type { LoadReport } from './load-run.js';

const LOAD_ENTRY = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));
const GRACE_MS = 60_000;
/** Storing a key takes about two microseconds on a quiet machine. */
const STORE_MS = 0.02;

export async function loadOnce(options: LoadOptions): Promise<LoadReport> {
  const args = [LOAD_ENTRY, ...argumentsFor({ ...options, isJson: true })];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  trackChild(child);
  const boundMs = (options.warmupSeconds + options.seconds) * 1000 + options.keyCount * STORE_MS + GRACE_MS;
  const timer = setTimeout(() => child.kill('SIGKILL'), boundMs);
  const [output, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  clearTimeout(timer);
  if (code !== 0) throw new Error(`The load run failed (${signal ?? `exit ${code}`}):\n${complaints.trimEnd()}`);
  return JSON.parse(output) as LoadReport;
}
