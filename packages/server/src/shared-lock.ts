/**
 * A lock in one word of shared memory, for what workers do rarely: claiming an outbox, storing a
 * configuration, entering a new prefix. Never taken on the path of a data command, never by the main
 * thread, never while a stripe of the store is held, and held for a bounded number of steps only.
 * A waiter sleeps a moment at a time, because the holder may be a thread without a core.
 */

const FREE = 0;
const HELD = 1;
const SLEEP_MS = 1;

export function lockWord(words: Int32Array, index: number): void {
  while (Atomics.compareExchange(words, index, FREE, HELD) !== FREE) Atomics.wait(words, index, HELD, SLEEP_MS);
}

export function unlockWord(words: Int32Array, index: number): void {
  Atomics.store(words, index, FREE);
  Atomics.notify(words, index, 1);
}
