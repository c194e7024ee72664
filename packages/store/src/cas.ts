/**
 * CAS uniques: 64-bit numbers, each higher than all before, from a counter that all threads share. Used by whatever stores.
 */
import { Control } from './control.js';

/** Where a new unique is put. */
export interface CasOut {
  casOutLow: number;
  casOutHigh: number;
}

/** (A thread that is overtaken exactly when the low half wraps, once in 2^32 stores, may repeat one from 2^32 stores ago.) */
export function takeCasUnique(control: Int32Array, out: CasOut): void {
  const low = (Atomics.add(control, Control.CAS_LOW, 1) + 1) | 0;
  if (low === 0) Atomics.add(control, Control.CAS_HIGH, 1);
  out.casOutLow = low;
  out.casOutHigh = control[Control.CAS_HIGH];
}
