// What `shoal server -h` costs over an empty Node.js start: memcached's own test suite runs it hundreds of
// times. Called by bench.ts. CPU (user and system) of the finished children, from getrusage, the median of RUNS
// each, alternating.
import { spawnSync } from 'node:child_process';
import { childrenCpuMicros } from '../load/libc.js';
import { SHOAL_BIN } from '../peers/contenders.js';
import { median, type Verdict } from './table.js';

const RUNS = 7;
const TIMEOUT_MS = 20_000;
export const HELP_LIMIT_MS = 100;

export interface StartupResult {
  readonly helpCpuMs: number;
  readonly emptyCpuMs: number;
  readonly extraCpuMs: number;
  readonly limitMs: number;
  readonly verdict: Verdict;
}

export function measureStartup(): StartupResult {
  const help: number[] = [];
  const empty: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    empty.push(cpuMsOf(['-e', '0']));
    help.push(cpuMsOf([SHOAL_BIN, 'server', '-h']));
  }
  const helpCpuMs = median(help);
  const emptyCpuMs = median(empty);
  const extraCpuMs = helpCpuMs - emptyCpuMs;
  const verdict = extraCpuMs <= HELP_LIMIT_MS ? 'pass' : 'miss';
  return { helpCpuMs, emptyCpuMs, extraCpuMs, limitMs: HELP_LIMIT_MS, verdict };
}

function cpuMsOf(args: string[]): number {
  const before = childrenCpuMicros();
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`Cannot run node ${args.join(' ')}: exit ${status}\n${stderr}`);
  return (childrenCpuMicros() - before) / 1000;
}
