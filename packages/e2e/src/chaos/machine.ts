/**
 * What the machine itself did while a pool was under test: moments in which nothing ran, how many waited for a processor,
 * and which processes carry the mark of this run.
 *
 * Used by the chaos run alone. Linux tells all of it in /proc; elsewhere there is no pressure and no mark to read.
 */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 50;
const STALL_MS = 250;
/** Share of the time in which something waited for a processor. */
const BUSY_SHARE = 0.8;
/** Not SHOAL_…: the host of local nodes does not hand those on. */
const MARK = 'CHAOS_RUN';

export interface Stall {
  readonly atMs: number;
  readonly lateMs: number;
}

/** A moment, to ask later what happened since. */
export interface Moment {
  readonly atMs: number;
  readonly waitedUs: number | null;
}

export class Machine {
  readonly stalls: Stall[] = [];
  #tickedAtMs = performance.now();
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);

  /** Every process that is started from here on carries this mark, and so do those that it starts. */
  static mark(run: string): void {
    process.env[MARK] = run;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  now(): Moment {
    return { atMs: performance.now(), waitedUs: waitedUs() };
  }

  /** Why nobody is to blame for being slow since then; null if nothing was in the way. */
  excuseSince({ atMs, waitedUs: before }: Moment): string | null {
    const stall = this.stalls.find((each) => each.atMs >= atMs);
    if (stall !== undefined) return `nothing ran for ${Math.round(stall.lateMs)} ms`;
    const now = this.now();
    if (before === null || now.waitedUs === null) return null;
    const share = (now.waitedUs - before) / 1000 / (now.atMs - atMs);
    return share > BUSY_SHARE ? `something waited for a processor ${Math.round(share * 100)} % of the time` : null;
  }

  #tick(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#tickedAtMs - TICK_MS;
    if (lateMs > STALL_MS) this.stalls.push({ atMs: nowMs, lateMs });
    this.#tickedAtMs = nowMs;
  }
}

function waitedUs(): number | null {
  const total = /^some .*total=(\d+)/m.exec(textOf('/proc/pressure/cpu'))?.[1];
  return total === undefined ? null : Number(total);
}

/** All processes that carry the mark of this run, but for this one: as `pid command`. */
export function markedProcesses(run: string): readonly string[] {
  const pids = folderOf('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const marked = pids.filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${run}`));
  return marked.map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 200)}`);
}

function folderOf(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** A process may end between two looks at it. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
