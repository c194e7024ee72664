/**
 * The maintenance of a store driven by a clock of its own, for tests.
 *
 * Used by this package's tests only; not built into dist. Milliseconds pass as the steps ask for, so nothing
 * waits; the store's seconds pass when the test says so. Runs in the test's thread, on the second row.
 */
import { Maintenance } from '../maintenance.js';
import type { CacheDriver } from './cache-driver.js';

export class MaintenanceDriver {
  readonly maintenance: Maintenance;
  readonly #cache: CacheDriver;
  #ms = 0;

  constructor(cache: CacheDriver) {
    this.#cache = cache;
    this.maintenance = new Maintenance(cache.attach(1).store);
  }

  /** Makes steps, each after the pause that the one before asked for; answers the last pause. */
  run(steps: number): number {
    let delayMs = 0;
    for (let step = 0; step < steps; step++) {
      delayMs = this.maintenance.step(this.#ms);
      this.#ms += delayMs;
    }
    return delayMs;
  }

  /** Makes steps until `isDone`; answers how many it took. */
  runUntil(isDone: () => boolean, stepsMax: number): number {
    for (let step = 0; step <= stepsMax; step++) {
      if (isDone()) return step;
      this.run(1);
    }
    throw new Error(`not done after ${stepsMax} steps`);
  }

  /** Lets whole seconds pass on the store's clock, with steps in each. */
  pass(seconds: number, stepsEach = 3): void {
    for (let second = 0; second < seconds; second++) {
      this.#cache.store.clock.set(this.#cache.store.now() + 1);
      this.#ms += 1000;
      this.run(stepsEach);
    }
  }
}
