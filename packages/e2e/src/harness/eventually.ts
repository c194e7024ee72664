/**
 * Waiting for what a server does in its own time: asked again and again until true, never longer than the deadline.
 * Used by every test of this package that has nothing to read meanwhile. The deadline only ends a test that hangs: it is
 * many times what a loaded machine takes, since a test that fails for want of a processor says nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 20;
const PATIENCE_MS = 60_000;

export async function eventually(
  what: string,
  happened: () => Promise<boolean> | boolean,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await happened())) {
    if (Date.now() > deadline) throw new Error(`Cannot wait longer than ${deadlineMs} ms for ${what}`);
    await pause(POLL_MS);
  }
}
