/**
 * The get family of the binary dialect: get, getk, gat, gatk and their quiet forms, which leave out misses.
 *
 *   hit   header, 4 bytes of client flags, the key for the k forms, the value        miss   "Not found", or the key for the k forms
 *
 * Without a lock in the steady state, like the text get. (memcached: process_bin_get_or_touch.)
 */
import {
  BINARY_HEAD_BYTES_MAX,
  BinaryStatus,
  Op,
  writeBinaryError,
  writeBinaryHitHead,
  writeBinaryKeyMiss,
} from '@shoal/protocol';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import { loadClusterList } from './config.js';
import type { CommandSession } from './context.js';
import { countRemoved, isGetObserved, observeHit, observeMiss } from './lookup.js';
import { touchLocked } from './touch.js';

export function getBinary(worker: WorkerContext, session: CommandSession): number {
  const { store, input, inputView, output, request } = worker;
  const { keyStart, keyEnd } = request;
  const hash = worker.keyHash;
  const mark = output.at;
  for (;;) {
    const ref = store.beginRead(input, inputView, keyStart, keyEnd, hash, 1);
    if (ref === 0) return missBinary(worker, session);
    if (store.isReadLocked && store.isChunked(ref)) return writeChunkedHit(worker, session, ref, hash);
    const valueBytes = store.readBytes;
    writePlainHit(worker, ref, valueBytes);
    if (store.endRead()) {
      store.countHit(ref);
      if (isGetObserved(worker)) observeHit(worker, session.connection.id, store.sizeClass(ref), valueBytes);
      return Outcome.OPEN;
    }
    output.at = mark;
  }
}

export function getAndTouchBinary(worker: WorkerContext, session: CommandSession): number {
  const { store, input, request, settings } = worker;
  const { keyStart, keyEnd } = request;
  const exptime = resolveExptime(request.exptime >>> 0, store.now(), settings.startUnixSeconds);
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = touchLocked(worker, session.connection.id, hash, exptime);
  const isChunked = ref !== 0 && store.isChunked(ref);
  if (isChunked) {
    writeHead(worker, ref, store.valueBytes(ref));
    store.pinLocked(ref);
  } else if (ref !== 0) {
    writePlainHit(worker, ref, store.valueBytes(ref));
  }
  store.unlock(hash);
  if (settings.detailEnabled) worker.prefixes.recordGet(input, keyStart, keyEnd, ref !== 0);
  if (ref === 0) writeMiss(worker);
  return !isChunked || session.streamValue(ref, hash, false) ? Outcome.OPEN : Outcome.BLOCKED;
}

function showsKey(op: number): boolean {
  return op === Op.GETK || op === Op.GATK;
}

/** Header, client flags and, for the k forms, the key. */
function writeHead(worker: WorkerContext, ref: number, valueBytes: number): void {
  const { store, output, input, inputView, request } = worker;
  const { opcode, opaque, keyStart, keyEnd } = request;
  const keyBytes = showsKey(request.op) ? keyEnd - keyStart : 0;
  const flags = store.clientFlags(ref);
  writeBinaryHitHead(output, opcode, opaque, flags, keyBytes, valueBytes, store.casLow(ref), store.casHigh(ref));
  if (keyBytes > 0) output.copyShort(input, inputView, keyStart, keyEnd);
}

function writePlainHit(worker: WorkerContext, ref: number, valueBytes: number): void {
  const { store, output } = worker;
  output.ensure(BINARY_HEAD_BYTES_MAX + valueBytes);
  writeHead(worker, ref, valueBytes);
  store.copyPlainValue(ref, valueBytes, output.bytes, output.view, output.at);
  output.at += valueBytes;
}

/** The read holds the stripe, as it does for every chunked item. */
function writeChunkedHit(worker: WorkerContext, session: CommandSession, ref: number, hash: number): number {
  const { store } = worker;
  const valueBytes = store.valueBytes(ref);
  writeHead(worker, ref, valueBytes);
  store.countHit(ref);
  if (isGetObserved(worker)) observeHit(worker, session.connection.id, store.sizeClass(ref), valueBytes);
  store.pinLocked(ref);
  store.endRead();
  return session.streamValue(ref, hash, false) ? Outcome.OPEN : Outcome.BLOCKED;
}

function missBinary(worker: WorkerContext, session: CommandSession): number {
  const { store, configs, input, request } = worker;
  countRemoved(worker, store.missReason);
  if (configs.isLegacyKey(input, request.keyStart, request.keyEnd) && loadClusterList(worker, session.connection)) {
    writeLegacyConfig(worker);
    return Outcome.OPEN;
  }
  worker.counters[ServerCounter.GET_MISSES]++;
  if (isGetObserved(worker)) observeMiss(worker, session.connection.id, store.missReason);
  writeMiss(worker);
  return Outcome.OPEN;
}

function writeMiss(worker: WorkerContext): void {
  const { output, input, inputView, request } = worker;
  const { opcode, opaque } = request;
  if (request.noreply) return;
  if (showsKey(request.op)) {
    writeBinaryKeyMiss(output, opcode, opaque, input, inputView, request.keyStart, request.keyEnd);
  } else {
    writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
  }
}

/** reference/elasticache.md: a get of `AmazonElastiCache:cluster` answers like an item. */
function writeLegacyConfig(worker: WorkerContext): void {
  const { configs, output, input, inputView, request } = worker;
  const { opcode, opaque, keyStart, keyEnd } = request;
  const { value, valueBytes, flags, casLow, casHigh } = configs;
  const keyBytes = showsKey(request.op) ? keyEnd - keyStart : 0;
  output.ensure(BINARY_HEAD_BYTES_MAX + valueBytes);
  writeBinaryHitHead(output, opcode, opaque, flags, keyBytes, valueBytes, casLow, casHigh);
  if (keyBytes > 0) output.copyShort(input, inputView, keyStart, keyEnd);
  output.copy(value, 0, valueBytes);
  worker.counters[ServerCounter.CMD_CONFIG_GET]++;
}
