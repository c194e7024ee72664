/**
 * Reports evictions to watchers: the store, which knows no protocol and no log, calls back for each item it evicts.
 *
 * Every thread that may evict (workers, and the maintenance thread when it moves pages) sets the observer on its own
 * Store. It runs with the item's stripe held, so it only copies; while nobody watches it is one plain load.
 */
import type { Store } from '@shoal/store';
import { type ActivityLog, Watch } from './activity-log.js';

const KEY_ROOM_BYTES = 256;

/** What to set as `store.evictionObserver`. */
export function observeEvictions(store: Store, activity: ActivityLog): (ref: number) => void {
  const key = new Uint8Array(KEY_ROOM_BYTES);
  const keyView = new DataView(key.buffer);
  return (ref) => {
    if ((activity.words[0] & Watch.EVICTIONS) === 0) return;
    const now = store.now();
    const exptime = store.exptime(ref);
    const ttlSeconds = exptime > 0 ? exptime - now : -1;
    const ageSeconds = now - store.lastAccess(ref);
    const keyBytes = store.keyBytes(ref);
    store.copyKey(ref, key, keyView, 0);
    const classId = store.sizeClass(ref);
    activity.eviction(store.isFetched(ref), ttlSeconds, ageSeconds, classId, store.valueBytes(ref), key, 0, keyBytes);
  };
}
