// How large this machine's caches are, as the kernel tells. Called by model-section.ts once.
// A machine that does not say is taken for one with 1 MiB a core and 32 MiB for all;
// a virtual machine may say more than its share of the third level.
import { readFileSync } from 'node:fs';
import type { Caches } from './price-list.js';

const CACHE = '/sys/devices/system/cpu/cpu0/cache';
const KIB = 1024;
const FALLBACK: Caches = { secondBytes: 1024 * KIB, thirdBytes: 32 * 1024 * KIB };

export function readCaches(): Caches {
  try {
    return { secondBytes: sizeOf(2), thirdBytes: sizeOf(3) };
  } catch {
    return FALLBACK;
  }
}

/** index0 and 1 are the first level's, for data and for code. */
function sizeOf(level: 2 | 3): number {
  return Number.parseInt(readFileSync(`${CACHE}/index${level}/size`, 'latin1'), 10) * KIB;
}
