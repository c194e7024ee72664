/**
 * Waiting for what a server does in its own time: asked again and again until true, never longer than the deadline.
 * Used by every test of this package that has nothing to read meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 20;

export async function eventually(
  what: string,
  happened: () => Promise<boolean> | boolean,
  deadlineMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await happened())) {
    if (Date.now() > deadline) throw new Error(`Cannot wait longer than ${deadlineMs} ms for ${what}`);
    await pause(POLL_MS);
  }
}
