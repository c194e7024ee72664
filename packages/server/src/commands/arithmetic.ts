/**
 * incr and decr: what they do to an item, once for all dialects, and what the text and the binary dialect answer.
 *
 * Everything happens under the key's stripe. A number that fits the old value's length is written in place, blanks behind it; a longer
 * one gets a new item with the old one's flags and expiry. (memcached: do_add_delta, process_arithmetic_cmd, complete_incr_bin.)
 */
import {
  BINARY_NO_MEMORY_INCREMENT,
  BINARY_NO_MEMORY_NEW_ITEM,
  BinaryStatus,
  ByteWriter,
  Op,
  ParsedNumber,
  Status,
  writeBinaryError,
  writeBinaryNumber,
  writeNumberLine,
  writeStatus,
} from '@shoal/protocol';
import { ClassCounter, Reserve } from '@shoal/store';
import { StoreStatus } from '../activity-log.js';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { addCounter, readCounter, subtractCounter } from './counter-value.js';
import { findLiveLocked } from './lookup.js';
import { reportStored } from './store-item.js';
import { StoreMode } from './store-ticket.js';

export const DeltaOutcome = { OK: 0, NON_NUMERIC: 1, NO_MEMORY: 2, NOT_FOUND: 3, CAS_MISMATCH: 4 } as const;
export type DeltaOutcome = (typeof DeltaOutcome)[keyof typeof DeltaOutcome];

/** What the last delta of this thread came to: the number, its digits, and the item that holds it now. */
export class DeltaResult {
  readonly number = new ParsedNumber();
  readonly digits = new ByteWriter(DIGITS_MAX);
  ref = 0;
}

const DIGITS_MAX = 32;
export const delta = new DeltaResult();

/** Applies the request's delta to its key. The stripe of `hash` is held. A CAS value of 0 compares with none. */
export function applyDeltaLocked(
  worker: WorkerContext,
  cfd: number,
  hash: number,
  increments: boolean,
  casLow: number,
  casHigh: number,
): DeltaOutcome {
  const { store, request, output } = worker;
  const ref = findLiveLocked(worker, cfd, request.keyStart, request.keyEnd, hash);
  delta.ref = ref;
  if (ref === 0) return DeltaOutcome.NOT_FOUND;
  if (store.isChunked(ref) || store.valueBytes(ref) === 0) return DeltaOutcome.NON_NUMERIC;
  if ((casLow | casHigh) !== 0 && (store.casLow(ref) !== casLow || store.casHigh(ref) !== casHigh)) {
    return DeltaOutcome.CAS_MISMATCH;
  }
  // The room behind the replies serves to read the value; nothing of it is sent.
  const valueBytes = store.valueBytes(ref);
  worker.reads.lookLocked(ref);
  if (!readCounter(output.bytes, output.at, worker.reads.copyValue(output.at), delta.number)) {
    return DeltaOutcome.NON_NUMERIC;
  }
  if (increments) addCounter(delta.number, request.deltaLow, request.deltaHigh);
  else subtractCounter(delta.number, request.deltaLow, request.deltaHigh);
  store.countClass(ref, increments ? ClassCounter.INCR_HITS : ClassCounter.DECR_HITS);
  return writeNumberLocked(worker, ref, hash, valueBytes) ? DeltaOutcome.OK : DeltaOutcome.NO_MEMORY;
}

/** Puts delta.number in the place of the value of `ref`. False: no memory for a longer item. */
function writeNumberLocked(worker: WorkerContext, ref: number, hash: number, valueBytes: number): boolean {
  const { store } = worker;
  spellNumber();
  const { digits } = delta;
  if (digits.at <= valueBytes) {
    store.nextCas();
    store.setCasLocked(ref, store.casOutLow, store.casOutHigh);
    store.overwriteValueLocked(ref, digits.bytes, digits.view, 0, digits.at);
    store.refreshLocked(ref);
    return true;
  }
  const longer = reserveNumber(worker, hash, store.clientFlags(ref) | 0, store.exptime(ref));
  if (longer === 0) return false;
  store.replaceLocked(ref, longer, hash);
  delta.ref = longer;
  return true;
}

function spellNumber(): void {
  delta.digits.at = 0;
  delta.digits.decimal64(delta.number.low, delta.number.high);
}

/** A private item with the request's key that holds delta.digits, or 0. */
function reserveNumber(worker: WorkerContext, hash: number, clientFlags: number, exptime: number): number {
  const { store, input, inputView, request } = worker;
  const { digits } = delta;
  const ref = store.reserve(input, inputView, request.keyStart, request.keyEnd, hash, clientFlags, exptime, digits.at);
  if (ref === Reserve.TOO_LARGE || ref === Reserve.NO_MEMORY) return 0;
  store.writeValue(ref, 0, digits.bytes, digits.view, 0, digits.at);
  return ref;
}

/** Reserves the item that a delta did not find, with the request's initial value; delta.ref is 0 if there is no memory, or the key is a managed node's own. */
export function createCounter(worker: WorkerContext, hash: number, exptime: number): void {
  const { configs, input, request } = worker;
  delta.number.low = request.initialLow;
  delta.number.high = request.initialHigh;
  spellNumber();
  const isReserved = configs.isReservedKey(input, request.keyStart, request.keyEnd);
  delta.ref = isReserved ? 0 : reserveNumber(worker, hash, 0, exptime);
}

function linkCounterLocked(worker: WorkerContext, cfd: number, hash: number): void {
  const { keyStart, keyEnd } = worker.request;
  worker.store.linkLocked(delta.ref, hash);
  reportStored(worker, cfd, StoreStatus.STORED, StoreMode.ADD, delta.ref, keyStart, keyEnd);
}

export function countDeltaMiss(worker: WorkerContext, increments: boolean): void {
  worker.counters[increments ? ServerCounter.INCR_MISSES : ServerCounter.DECR_MISSES]++;
}

export function deltaText(worker: WorkerContext, session: CommandSession): number {
  const { store, request, output } = worker;
  const increments = request.op === Op.INCR;
  const hash = worker.keyHash;
  store.lock(hash);
  const outcome = applyDeltaLocked(worker, session.connection.id, hash, increments, 0, 0);
  store.unlock(hash);
  if (outcome === DeltaOutcome.NOT_FOUND) countDeltaMiss(worker, increments);
  if (request.noreply) return Outcome.OPEN;
  if (outcome === DeltaOutcome.OK) writeNumberLine(output, delta.number.low, delta.number.high);
  else if (outcome === DeltaOutcome.NON_NUMERIC) writeStatus(output, Status.NON_NUMERIC);
  else writeStatus(output, outcome === DeltaOutcome.NOT_FOUND ? Status.NOT_FOUND : Status.NO_MEMORY);
  return Outcome.OPEN;
}

export function deltaBinary(worker: WorkerContext, session: CommandSession): number {
  const { store, request } = worker;
  const increments = request.op === Op.INCR;
  const hash = worker.keyHash;
  store.lock(hash);
  let outcome = applyDeltaLocked(worker, session.connection.id, hash, increments, request.casLow, request.casHigh);
  let noMemoryText = BINARY_NO_MEMORY_INCREMENT;
  if (outcome === DeltaOutcome.NOT_FOUND && request.vivifies) {
    const exptime = resolveExptime(request.exptime >>> 0, store.now(), worker.settings.startUnixSeconds);
    createCounter(worker, hash, exptime);
    outcome = delta.ref === 0 ? DeltaOutcome.NO_MEMORY : DeltaOutcome.OK;
    if (outcome === DeltaOutcome.OK) linkCounterLocked(worker, session.connection.id, hash);
    noMemoryText = BINARY_NO_MEMORY_NEW_ITEM;
  }
  if (outcome === DeltaOutcome.OK) writeBinaryDelta(worker);
  store.unlock(hash);
  if (outcome === DeltaOutcome.NOT_FOUND) countDeltaMiss(worker, increments);
  if (outcome !== DeltaOutcome.OK) writeBinaryDeltaError(worker, outcome, noMemoryText);
  return Outcome.OPEN;
}

function writeBinaryDelta(worker: WorkerContext): void {
  const { store, request, output } = worker;
  if (request.noreply) return;
  const { number, ref } = delta;
  writeBinaryNumber(
    output,
    request.opcode,
    request.opaque,
    number.low,
    number.high,
    store.casLow(ref),
    store.casHigh(ref),
  );
}

function writeBinaryDeltaError(worker: WorkerContext, outcome: DeltaOutcome, noMemoryText: Uint8Array): void {
  const { opcode, opaque } = worker.request;
  const { output } = worker;
  if (outcome === DeltaOutcome.NO_MEMORY) {
    writeBinaryError(output, opcode, BinaryStatus.NO_MEMORY, opaque, 0, 0, noMemoryText);
  } else if (outcome === DeltaOutcome.NON_NUMERIC) {
    writeBinaryError(output, opcode, BinaryStatus.NON_NUMERIC, opaque, 0, 0);
  } else if (outcome === DeltaOutcome.NOT_FOUND) {
    writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
  } else {
    writeBinaryError(output, opcode, BinaryStatus.KEY_EXISTS, opaque, 0, 0);
  }
}
