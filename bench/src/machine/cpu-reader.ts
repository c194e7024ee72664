// CPU time and memory of a running process, from /proc: the figure that Shoal and memcached are compared by.
// Nanoseconds come from the first field of /proc/PID/task/TID/schedstat, summed over all threads; a kernel without it gives clock ticks
// from /proc/PID/stat (10 ms each). A thread that ends keeps what it was last seen with. Used by load/main.ts, idle.ts and startup.ts.
import { readdirSync, readFileSync } from 'node:fs';

const TICK_NANOS = 1e7;
const STAT_UTIME_FIELD = 11;

export class CpuReader {
  private readonly directory: string;
  private readonly nanosOfThread = new Map<string, number>();

  constructor(pid: number, procRoot = '/proc') {
    this.directory = `${procRoot}/${pid}`;
  }

  /** User plus system time of all threads since the process began, in nanoseconds. */
  nanos(): number {
    this.threadNanos();
    if (this.nanosOfThread.size === 0) return this.tickNanos();
    let sum = 0;
    for (const nanos of this.nanosOfThread.values()) sum += nanos;
    return sum;
  }

  /** The same of each thread, by its id; empty where the kernel keeps no nanoseconds. */
  threadNanos(): Map<string, number> {
    for (const thread of readdirSync(`${this.directory}/task`)) {
      const schedstat = contentsOf(`${this.directory}/task/${thread}/schedstat`);
      if (schedstat !== undefined) this.nanosOfThread.set(thread, Number(schedstat.split(' ')[0]));
    }
    return new Map(this.nanosOfThread);
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    const status = readFileSync(`${this.directory}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Fields 14 and 15 of stat; the name in field 2 may hold blanks, so counting starts behind its bracket. */
  private tickNanos(): number {
    const stat = readFileSync(`${this.directory}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[STAT_UTIME_FIELD]) + Number(fields[STAT_UTIME_FIELD + 1])) * TICK_NANOS;
  }
}

/** Undefined when the thread has just ended or the kernel has no such file. */
function contentsOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
