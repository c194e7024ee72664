/**
 * What `shoal server -h` costs over an empty Node.js start: memcached's own test suite runs it hundreds of times.
 *
 * Called by bench.ts when --only names it. CPU (user and system) of the finished children, from getrusage, the median of RUNS
 * each, alternating.
 */
import { spawnSync } from 'node:child_process';
import { childrenCpuMicros } from '../load/libc.js';
import { SHOAL_BIN } from '../peers/contenders.js';
import { atMost, type Part } from './check.js';
import { median } from './table.js';

const RUNS = 7;
const TIMEOUT_MS = 20_000;
const LIMIT_MS = 100;

export function measureStartup(): Part {
  const help: number[] = [];
  const empty: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    empty.push(cpuMsOf(['-e', '0']));
    help.push(cpuMsOf([SHOAL_BIN, 'server', '-h']));
  }
  const data = { helpCpuMs: median(help), emptyCpuMs: median(empty) };
  const extraMs = data.helpCpuMs - data.emptyCpuMs;
  const parts = `${data.helpCpuMs.toFixed(0)} ms against ${data.emptyCpuMs.toFixed(0)} ms of \`node -e 0\``;
  const markdown = `${extraMs.toFixed(0)} ms of CPU more than an empty Node.js (${parts}); at most ${LIMIT_MS} ms.`;
  return {
    section: { id: 'help', title: '`shoal server -h`', markdown, data, charts: [] },
    checks: [
      atMost({ id: 'help', label: 'shoal server -h over node -e 0', value: extraMs, limit: LIMIT_MS, unit: 'ms' }),
    ],
  };
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
