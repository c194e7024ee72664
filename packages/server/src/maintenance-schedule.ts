/**
 * Keeps the maintenance thread going: one piscina thread, in one task that lasts as long as the server.
 *
 * Owned by server.ts. The thread sleeps until something is due and costs the main thread nothing; `wake` ends its sleep, when a
 * command asked for a crawl, a dump or a page move. A task that fails may have left a stripe locked, so it is reported once
 * and ends the server.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ServerParts } from './worker-parts.js';

const TASK_FILE = fileURLToPath(new URL('./maintenance-task.js', import.meta.url));
/** Steps allocate little; a small young generation keeps the thread small. */
const YOUNG_GENERATION_MIB = 3;

export class MaintenanceSchedule {
  readonly #startedAtMs: number;
  readonly #pool: Piscina;
  readonly #onFailure: (error: Error) => void;
  readonly #alarm = new Int32Array(new SharedArrayBuffer(4));
  #isStopped = false;

  /** @param startedAtMs when the server started, by monotonicMsNow(). */
  constructor(startedAtMs: number, onFailure: (error: Error) => void) {
    this.#startedAtMs = startedAtMs;
    this.#onFailure = onFailure;
    this.#pool = new Piscina({
      filename: TASK_FILE,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
  }

  /** Resolves when the thread has attached to the arena; its work follows by itself. */
  async start(parts: ServerParts): Promise<void> {
    const attachment = { parts, alarm: this.#alarm.buffer, startedAtMs: this.#startedAtMs };
    await this.#pool.run(attachment, { name: 'attach' });
    void this.#work();
  }

  /** Work is wanted now, also of a thread that sleeps. */
  wake(): void {
    Atomics.add(this.#alarm, 0, 1);
    Atomics.notify(this.#alarm, 0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#pool.destroy();
  }

  async #work(): Promise<void> {
    try {
      await this.#pool.run(undefined, { name: 'work' });
    } catch (error) {
      if (!this.#isStopped) this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
