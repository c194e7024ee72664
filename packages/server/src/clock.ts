/**
 * The second hand of a server: writes the store's clock word a moment after each full second.
 *
 * The main thread sets it once, before anybody serves; from then on the maintenance thread does, which wakes for it anyway. Relative
 * time starts at 62, as in memcached, so that it is past its first minute at once and 0 can mean never. Elapsed time is
 * monotonic: a clock that is set while the server runs does not move expiry. `debugtime` shifts or stops it.
 */
import type { Store } from '@shoal/store';
import type { Settings } from './settings.js';

const START_SECONDS = 62;
const MS_PER_SECOND = 1000;
const NANOS_PER_MS = 1e6;
/** Timers may fire a moment early. */
const PAST_THE_SECOND_MS = 2;

/** Unix seconds of relative second 0, for a server that starts now. */
export function startUnixSecondsNow(): number {
  return Math.floor(Date.now() / MS_PER_SECOND) - START_SECONDS;
}

/** Monotonic milliseconds that mean the same on every thread; those of performance.now() do not. */
export function monotonicMsNow(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * MS_PER_SECOND + nanos / NANOS_PER_MS;
}

export class ServerClock {
  readonly #store: Store;
  readonly #settings: Settings;
  /** In milliseconds of this thread's performance.now(). */
  readonly #startedAtMs: number;

  /** @param startedAtMs when the server started, by monotonicMsNow(). */
  constructor(store: Store, settings: Settings, startedAtMs: number) {
    this.#store = store;
    this.#settings = settings;
    this.#startedAtMs = performance.now() - (monotonicMsNow() - startedAtMs);
  }

  /** Sets the second that it is at `nowMs` of performance.now(); answers the milliseconds until the next. */
  tick(nowMs: number): number {
    const elapsedMs = nowMs - this.#startedAtMs;
    const seconds = START_SECONDS + Math.floor(elapsedMs / MS_PER_SECOND) + this.#settings.clockShiftSeconds;
    if (!this.#settings.clockPaused && seconds !== this.#store.now()) this.#store.clock.set(seconds);
    return MS_PER_SECOND - (elapsedMs % MS_PER_SECOND) + PAST_THE_SECOND_MS;
  }
}
