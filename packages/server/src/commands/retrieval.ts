/**
 * get, gets, gat and gats of the text dialect: one key, fifty, or a line of megabytes.
 *
 * A value is copied straight from the arena behind its VALUE line, without a lock in the steady state: what was copied while a writer was
 * there is written again. Values of several chunks are pinned and streamed. If the transport takes no more, the keys still to be
 * answered are kept by the session and `resumeGet` goes on with them. (memcached: process_get_command, process_get_cmd.)
 */
import { hasLongKey, NextKey, Op, Status, VALUE_LINE_BYTES_MAX, writeStatus } from '@shoal/protocol';
import { resolveExptime } from '../exptime.js';
import { LONG_LINE_AT } from '../input-memory.js';
import { OUTPUT_HIGH_WATER_BYTES } from '../reply-writer.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import { loadClusterList } from './config.js';
import type { CommandSession } from './context.js';
import { countRemoved, isGetObserved, observeHit, observeMiss } from './lookup.js';
import { touchLocked } from './touch.js';

const LINE_END_BYTES = 2;

/** In the place of a mark: no later key of the line is too long, so its reply is never taken back. */
const CHECKED = -1;

/** The item whose VALUE line was written last if its value is chunked, pinned, else 0; and its hash. Valid within answerKeys. */
let pinnedRef = 0;
let pinnedHash = 0;

export function getText(worker: WorkerContext, session: CommandSession): number {
  const { keys, request, output } = worker;
  const { op } = request;
  if (request.keyEnd === request.lineEnd) keys.takeOne(request.keyStart, request.keyEnd, worker.keyHash);
  else keys.read(request.keyStart, request.lineEnd);
  if (op === Op.GET || op === Op.GETS) return answerKeys(worker, session, op, 0, output.at, true);
  const exptime = resolveExptime(request.exptime, worker.store.now(), worker.settings.startUnixSeconds);
  return answerKeys(worker, session, op, exptime, output.at, true);
}

/** Goes on with the keys of a line that worker.input[LONG_LINE_AT..partEnd) holds. No key of the line is too long. */
export function resumeGet(
  worker: WorkerContext,
  session: CommandSession,
  op: number,
  exptime: number,
  partEnd: number,
  isLast: boolean,
): number {
  worker.request.lineEnd = partEnd;
  worker.keys.read(LONG_LINE_AT, partEnd);
  return answerKeys(worker, session, op, exptime, CHECKED, isLast);
}

/**
 * Answers the keys of the group and all that follow it on the line. `mark` is where the reply began: a key too long takes back
 * everything, so before the first byte leaves the rest of the line is looked at. `isLast`: END follows.
 */
function answerKeys(
  worker: WorkerContext,
  session: CommandSession,
  op: number,
  exptime: number,
  mark: number,
  isLast: boolean,
): number {
  const { keys, request, output, input, inputView } = worker;
  let start = mark;
  for (;;) {
    for (let i = 0; i < keys.count; i++) {
      request.keyStart = keys.starts[i];
      request.keyEnd = keys.ends[i];
      worker.keyHash = keys.hashes[i];
      pinnedRef = 0;
      if (op === Op.GET || op === Op.GETS) writeItem(worker, session, op);
      else touchAndWriteItem(worker, session, op, exptime);
      if (pinnedRef === 0 && output.waiting < OUTPUT_HIGH_WATER_BYTES) continue;
      if (start !== CHECKED && hasLongKey(input, inputView, request.keyEnd, request.lineEnd))
        return rejectKey(worker, start);
      start = CHECKED;
      if (!sendOn(worker, session)) {
        session.keepKeys(op, exptime, request.keyEnd, request.lineEnd);
        return Outcome.BLOCKED;
      }
    }
    if (keys.next === NextKey.TOO_LONG) return rejectKey(worker, start);
    if (keys.next === NextKey.NONE) break;
    keys.read(request.keyEnd, request.lineEnd);
  }
  if (isLast) writeStatus(output, Status.END);
  return Outcome.OPEN;
}

/** Streams the pinned value, if there is one, and makes room in the output. False: blocked. */
function sendOn(worker: WorkerContext, session: CommandSession): boolean {
  if (pinnedRef !== 0 && !session.streamValue(pinnedRef, pinnedHash, true)) return false;
  return worker.output.waiting < OUTPUT_HIGH_WATER_BYTES || session.flush();
}

/** Nothing of the line has left yet. */
function rejectKey(worker: WorkerContext, mark: number): number {
  if (pinnedRef !== 0) worker.store.unpin(pinnedRef, pinnedHash);
  worker.output.at = mark;
  writeStatus(worker.output, Status.BAD_FORMAT_IN_GET);
  return Outcome.OPEN;
}

/** Appends the item of the request's key, if there is one, as a get. */
function writeItem(worker: WorkerContext, session: CommandSession, op: number): void {
  const { store, reads, output } = worker;
  const { keyStart, keyEnd } = worker.request;
  const mark = output.at;
  for (;;) {
    const ref = reads.begin(keyStart, keyEnd, worker.keyHash, 1);
    if (ref === 0) {
      missKey(worker, session, op);
      return;
    }
    if (reads.found.isLocked && store.isChunked(ref)) pinItemLocked(worker, op, ref);
    else writePlainItem(worker, op);
    if (reads.end()) {
      reads.countHit();
      if (isGetObserved(worker)) observeHit(worker, session.connection.id);
      return;
    }
    output.at = mark;
  }
}

/** VALUE line of a chunked item, whose value is to be streamed. */
function pinItemLocked(worker: WorkerContext, op: number, ref: number): void {
  worker.output.at = putLine(worker, op);
  worker.store.pinLocked(ref);
  pinnedRef = ref;
  pinnedHash = worker.keyHash;
}

/** VALUE line and value of the item that was found, which is not chunked. */
function writePlainItem(worker: WorkerContext, op: number): void {
  const { output } = worker;
  output.at = worker.spelling.putEnd(worker.reads.copyValue(putLine(worker, op)));
}

/** The VALUE line of the item that was found; answers the offset behind it. */
function putLine(worker: WorkerContext, op: number): number {
  const { output, reads, valueLines } = worker;
  const { keyStart, keyEnd } = worker.request;
  const { clientFlags, valueBytes } = reads.found;
  if (op === Op.GET || op === Op.GAT) return valueLines.put(output.at, keyStart, keyEnd, clientFlags, valueBytes);
  const { at } = output;
  return valueLines.putWithCas(at, keyStart, keyEnd, clientFlags, valueBytes, reads.found.casLow, reads.found.casHigh);
}

/** The same as a get that gives the item a new expiry. */
function touchAndWriteItem(worker: WorkerContext, session: CommandSession, op: number, exptime: number): void {
  const { store, reads, input, keyHash } = worker;
  const { keyStart, keyEnd } = worker.request;
  store.lock(keyHash);
  const ref = touchLocked(worker, session.connection.id, keyHash, exptime);
  if (ref !== 0) {
    reads.lookLocked(ref);
    if (store.isChunked(ref)) pinItemLocked(worker, op, ref);
    else writePlainItem(worker, op);
  }
  store.unlock(keyHash);
  if (worker.settings.detailEnabled) worker.prefixes.recordGet(input, keyStart, keyEnd, ref !== 0);
}

/** Counts a miss; answers the discovery configuration that older clients read under an ordinary key. */
function missKey(worker: WorkerContext, session: CommandSession, op: number): void {
  const { store, input, configs } = worker;
  const { keyStart, keyEnd } = worker.request;
  countRemoved(worker, store.missReason);
  if (configs.isLegacyKey(input, keyStart, keyEnd) && loadClusterList(worker, session.connection)) {
    writeLegacyConfig(worker, op);
    return;
  }
  worker.counters[ServerCounter.GET_MISSES]++;
  if (isGetObserved(worker)) observeMiss(worker, session.connection.id, store.missReason);
}

/** reference/elasticache.md: `get AmazonElastiCache:cluster` answers like an item. */
function writeLegacyConfig(worker: WorkerContext, op: number): void {
  const { configs, output, valueLines } = worker;
  const { keyStart, keyEnd } = worker.request;
  const { value, valueBytes, flags, casLow, casHigh } = configs;
  output.ensure(VALUE_LINE_BYTES_MAX + valueBytes + LINE_END_BYTES);
  const { at } = output;
  output.at =
    op === Op.GET
      ? valueLines.put(at, keyStart, keyEnd, flags, valueBytes)
      : valueLines.putWithCas(at, keyStart, keyEnd, flags, valueBytes, casLow, casHigh);
  output.copy(value, 0, valueBytes);
  output.crlf();
  worker.counters[ServerCounter.CMD_CONFIG_GET]++;
}
