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
  const { store, reads, output, request } = worker;
  const { keyStart, keyEnd } = request;
  const mark = output.at;
  for (;;) {
    const ref = reads.begin(keyStart, keyEnd, worker.keyHash, 1);
    if (ref === 0) return missBinary(worker, session);
    if (reads.found.isLocked && store.isChunked(ref)) return writeChunkedHit(worker, session, ref);
    writePlainHit(worker);
    if (reads.end()) {
      reads.countHit();
      if (isGetObserved(worker)) observeHit(worker, session.connection.id);
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
  if (ref !== 0) worker.reads.lookLocked(ref);
  if (isChunked) {
    writeHead(worker);
    store.pinLocked(ref);
  } else if (ref !== 0) {
    writePlainHit(worker);
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
function writeHead(worker: WorkerContext): void {
  const { output, reads, input, inputView, request } = worker;
  const { opcode, opaque, keyStart, keyEnd } = request;
  const { clientFlags, valueBytes } = reads.found;
  const keyBytes = showsKey(request.op) ? keyEnd - keyStart : 0;
  writeBinaryHitHead(
    output,
    opcode,
    opaque,
    clientFlags,
    keyBytes,
    valueBytes,
    reads.found.casLow,
    reads.found.casHigh,
  );
  if (keyBytes > 0) output.copyShort(input, inputView, keyStart, keyEnd);
}

function writePlainHit(worker: WorkerContext): void {
  const { output } = worker;
  writeHead(worker);
  output.at = worker.reads.copyValue(output.at);
}

/** The read holds the stripe, as it does for every chunked item. */
function writeChunkedHit(worker: WorkerContext, session: CommandSession, ref: number): number {
  const { store, reads, keyHash } = worker;
  writeHead(worker);
  reads.countHit();
  if (isGetObserved(worker)) observeHit(worker, session.connection.id);
  store.pinLocked(ref);
  reads.end();
  return session.streamValue(ref, keyHash, false) ? Outcome.OPEN : Outcome.BLOCKED;
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
