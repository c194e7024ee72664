/**
 * Which process a number means: its id and the moment it started, so that a later process that got the same id is not
 * taken for it, and is never killed in its place.
 *
 * Used by the host for its lock and for nodes that a dead host has left behind, and by the driver for its host. Linux tells
 * the start in /proc; elsewhere it is null and the id alone has to do.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the start of the machine to that of the process. */
  readonly startTicks: number | null;
}

/** Fields of /proc/<pid>/stat, counted from the one behind the name of the program. */
const STATE_FIELD = 0;
const START_FIELD = 19;
/** A zombie, and one that is just being removed. */
const ENDED_STATES = ['Z', 'X'];
const POLL_MS = 10;

interface ProcessStat {
  readonly state: string;
  readonly startTicks: number;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: statOf(pid)?.startTicks ?? null };
}

/** A process that has ended and only waits for its parent to take note of it is not alive. */
export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  if (process.platform !== 'linux') return exists(pid);
  const stat = statOf(pid);
  if (stat === null || ENDED_STATES.includes(stat.state)) return false;
  return startTicks === null || stat.startTicks === startTicks;
}

/** SIGKILL, if it is still the same process. */
export function killProcess(identity: ProcessIdentity): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch {
    // It has ended in between, or belongs to somebody else now.
  }
}

/** Whether it has gone within the time. */
export async function isGoneWithin(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

export function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTicks } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  const isPid = Number.isSafeInteger(pid) && (pid as number) > 1;
  return isPid && (startTicks === null || Number.isSafeInteger(startTicks));
}

/** The name of the program stands in parentheses and may itself contain blanks and parentheses. */
function statOf(pid: number): ProcessStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[STATE_FIELD], startTicks: Number(fields[START_FIELD]) };
  } catch {
    return null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
