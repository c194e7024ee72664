/**
 * The second hand of a server: writes the store's clock word from the main thread, a moment after each full second.
 *
 * Relative time starts at 62, as in memcached, so that it is past its first minute at once and 0 can mean never. Elapsed
 * time is monotonic: a clock that is set while the server runs does not move expiry. `debugtime` shifts or stops it.
 */
import type { Store } from '@shoal/store';
import type { Settings } from './settings.js';

const START_SECONDS = 62;
const MS_PER_SECOND = 1000;
/** Timers may fire a moment early. */
const PAST_THE_SECOND_MS = 2;

/** Unix seconds of relative second 0, for a server that starts now. */
export function startUnixSecondsNow(): number {
  return Math.floor(Date.now() / MS_PER_SECOND) - START_SECONDS;
}

export class ServerClock {
  readonly #store: Store;
  readonly #settings: Settings;
  readonly #startedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, settings: Settings) {
    this.#store = store;
    this.#settings = settings;
  }

  start(): void {
    const elapsedMs = performance.now() - this.#startedAtMs;
    const seconds = START_SECONDS + Math.floor(elapsedMs / MS_PER_SECOND) + this.#settings.clockShiftSeconds;
    if (!this.#settings.clockPaused) this.#store.clock.set(seconds);
    const untilNextMs = MS_PER_SECOND - (elapsedMs % MS_PER_SECOND) + PAST_THE_SECOND_MS;
    this.#timer = setTimeout(() => this.start(), untilNextMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
