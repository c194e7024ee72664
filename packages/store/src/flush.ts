/**
 * Flushing: everything stored before a moment is dead at once, and no item is touched for it.
 *
 * Called by the store and by the clock; `StoreCore.isFlushed` holds the other half of the rule. An item is
 * dead if it was last touched before `FLUSH_TIME`. Within that second the generation tells: a flush makes a
 * new one, an item carries the five low bits of its own (docs/decisions/0012-flush-by-generation.md). Takes no
 * lock but, once in PURGE_EVERY flushes of one second, that of every bucket that holds something.
 */
import { Control } from './control.js';
import type { StoreCore } from './core.js';
import { ACCESS_TIME, HASH_NEXT } from './layout.js';

/** Flushes within one second after which the dead items of that second are taken out, before a generation can come again. */
const PURGE_EVERY = 16;

/** All that is stored by now is dead; or, with `at` in the future, what is stored until then, from then on. */
export function flushAll(core: StoreCore, at: number): void {
  const { control } = core.views;
  const now = core.now();
  Atomics.store(control, Control.FLUSH_PENDING, at > now ? at : 0);
  if (at > now) return;
  const isRepeated = control[Control.FLUSH_TIME] === now;
  putIntoForce(control, now);
  if (!isRepeated) Atomics.store(control, Control.FLUSH_REPEATS, 0);
  else if ((Atomics.add(control, Control.FLUSH_REPEATS, 1) + 1) % PURGE_EVERY === 0) purge(core, now);
}

/** Puts a flush that was delayed until now into force; the clock is about to show `seconds`. */
export function applyDueFlush(control: Int32Array, seconds: number): void {
  const due = control[Control.FLUSH_PENDING];
  if (due === 0 || due > seconds) return;
  if (Atomics.compareExchange(control, Control.FLUSH_PENDING, due, 0) === due) putIntoForce(control, due);
}

function putIntoForce(control: Int32Array, time: number): void {
  Atomics.add(control, Control.FLUSH_GENERATION, 1);
  Atomics.store(control, Control.FLUSH_TIME, time);
}

/** Frees the dead items of the flush's second; of older ones the time alone tells. */
function purge(core: StoreCore, second: number): void {
  const { table, stripes, items } = core;
  for (let bucket = 0; bucket < table.buckets; bucket++) {
    if (table.head(bucket) === 0) continue;
    stripes.lock(bucket);
    for (let ref = table.head(bucket); ref !== 0; ) {
      const next = items.get(ref, HASH_NEXT);
      if (items.get(ref, ACCESS_TIME) === second && core.isFlushed(ref)) core.unlinkLocked(ref, items.hash(ref));
      ref = next;
    }
    stripes.unlock(bucket);
  }
}
