// The facts that a result is worth nothing without: machine,
// kernel, versions, commit, date, command line. Called by
// bench.ts once.
import { spawnSync } from 'node:child_process';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const QUIET_LOAD = 0.5;
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** Of the minute before the bench. */
  readonly loadAverage: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  /** Files differ from that commit. */
  readonly isModified: boolean;
  readonly date: string;
  readonly commandLine: string;
}

export function machineFacts(args: readonly string[], now: Date): MachineFacts {
  const cores = cpus();
  return {
    cpu: `${cores[0]?.model.trim() ?? 'unknown'} (${arch()})`,
    cores: cores.length,
    memoryGib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    loadAverage: loadavg()[0],
    kernel: release(),
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD') || 'unknown',
    isModified: git('status', '--porcelain', '--', ':!bench/results') !== '',
    date: now.toISOString().slice(0, 10),
    commandLine: ['pnpm bench', ...args].join(' '),
  };
}

/** Anything else that runs shares the caches, and with all cores taken the cores, of what is measured. */
export function busyWarning({ loadAverage }: MachineFacts): string | undefined {
  if (loadAverage <= QUIET_LOAD) return undefined;
  return `the machine was busy before the bench (load ${loadAverage.toFixed(2)}): expect ratios to wander`;
}

function git(...args: string[]): string {
  return spawnSync('git', ['-C', REPOSITORY, ...args], { encoding: 'utf8' }).stdout?.trim() ?? '';
}
