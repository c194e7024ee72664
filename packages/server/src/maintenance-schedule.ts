/**
 * Keeps the maintenance thread going: one piscina thread, one task at a time, the next one when the last said so.
 *
 * Owned by server.ts. Idle, that is a task a second; `wake` brings the next one at once, when a command asked for a crawl, a
 * dump or a page move. A task that fails may have left a stripe locked, so it is reported once and ends the server.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ServerParts } from './worker-parts.js';

const TASK_FILE = fileURLToPath(new URL('./maintenance-task.js', import.meta.url));
const DELAY_MAX_MS = 1000;
/** Steps allocate little; a small young generation keeps the thread small. */
const YOUNG_GENERATION_MIB = 3;

export class MaintenanceSchedule {
  readonly #pool: Piscina;
  readonly #onFailure: (error: Error) => void;
  readonly #alarm = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isWanted = false;
  #isStopped = false;

  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
    this.#pool = new Piscina({
      filename: TASK_FILE,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
  }

  /** Resolves when the thread has attached to the arena; the first step follows by itself. */
  async start(parts: ServerParts): Promise<void> {
    await this.#pool.run({ parts, alarm: this.#alarm.buffer }, { name: 'attach' });
    this.wake();
  }

  /** Work is wanted now, also of a thread that pauses between two steps. */
  wake(): void {
    this.#isWanted = true;
    Atomics.add(this.#alarm, 0, 1);
    Atomics.notify(this.#alarm, 0);
    if (!this.#isRunning) void this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#pool.destroy();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#isWanted && !this.#isStopped) {
        this.#isWanted = false;
        clearTimeout(this.#timer);
        const delayMs: number = await this.#pool.run(undefined, { name: 'work' });
        if (delayMs <= 0) this.#isWanted = true;
        else this.#timer = setTimeout(() => this.wake(), Math.min(delayMs, DELAY_MAX_MS));
      }
    } catch (error) {
      if (!this.#isStopped) this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isRunning = false;
    }
  }
}
