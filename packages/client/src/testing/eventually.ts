/**
 * Waiting for what happens in its own time: asked again and again until true, never longer than the deadline.
 * For tests that have nothing to read meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 5;
const DEADLINE_MS = 60_000;

export async function eventually(what: string, happened: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!happened()) {
    if (Date.now() > deadline) throw new Error(`Cannot wait longer than ${DEADLINE_MS} ms for ${what}`);
    await pause(POLL_MS);
  }
}
