/**
 * get, gets, gat and gats of the text dialect: one key, fifty, or a line of megabytes.
 *
 * A value is copied straight from the arena behind its VALUE line, without a lock in the steady state: what was copied while a writer was
 * there is written again. Values of several chunks are pinned and streamed. If the transport takes no more, the keys still to be
 * answered are kept by the session and `resumeGet` goes on with them. (memcached: process_get_command, process_get_cmd.)
 */
import {
  KEY_BYTES_MAX,
  NextKey,
  nextKey,
  Op,
  Status,
  VALUE_LINE_BYTES_MAX,
  writeStatus,
  writeValueLine,
  writeValueLineWithCas,
} from '@shoal/protocol';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { OUTPUT_HIGH_WATER_BYTES, Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { countRemoved, isGetObserved, observeHit, observeMiss } from './lookup.js';
import { touchLocked } from './touch.js';

const LINE_END_BYTES = 2;

/** Rewinding is off: something of the line has left already. */
const SENT = -1;

export function getText(worker: WorkerContext, session: CommandSession): number {
  const { request, output } = worker;
  const { op } = request;
  if (op === Op.GET || op === Op.GETS) return answerKeys(worker, session, op, 0, output.at);
  const exptime = resolveExptime(request.exptime, worker.store.now(), worker.settings.startUnixSeconds);
  return answerKeys(worker, session, op, exptime, output.at);
}

/** Goes on with the keys worker.input[from..lineEnd) of a line whose first part was answered. */
export function resumeGet(
  worker: WorkerContext,
  session: CommandSession,
  op: number,
  exptime: number,
  from: number,
  lineEnd: number,
): number {
  const { request } = worker;
  request.lineEnd = lineEnd;
  switch (nextKey(worker.input, worker.inputView, from, request)) {
    case NextKey.NONE:
      writeStatus(worker.output, Status.END);
      return Outcome.OPEN;
    case NextKey.TOO_LONG:
      writeStatus(worker.output, Status.BAD_FORMAT_IN_GET);
      return Outcome.OPEN;
    default:
      return answerKeys(worker, session, op, exptime, SENT);
  }
}

/** Answers the key the request names and all that follow it on the line. `mark`: where the reply began, or SENT. */
function answerKeys(worker: WorkerContext, session: CommandSession, op: number, exptime: number, mark: number): number {
  const { request, output } = worker;
  const { flushes } = session;
  if (request.keyEnd - request.keyStart > KEY_BYTES_MAX) return rejectKey(worker, mark);
  for (;;) {
    const isOpen =
      op === Op.GET || op === Op.GETS
        ? writeItem(worker, session, op)
        : touchAndWriteItem(worker, session, op, exptime);
    if (!isOpen || (output.at >= OUTPUT_HIGH_WATER_BYTES && !session.flush())) {
      session.keepKeys(op, exptime, request.keyEnd, request.lineEnd);
      return Outcome.BLOCKED;
    }
    const next = nextKey(worker.input, worker.inputView, request.keyEnd, request);
    if (next === NextKey.FOUND) continue;
    if (next === NextKey.TOO_LONG) return rejectKey(worker, session.flushes === flushes ? mark : SENT);
    writeStatus(output, Status.END);
    return Outcome.OPEN;
  }
}

/** A key too long takes back the whole line's values, as far as they have not left. */
function rejectKey(worker: WorkerContext, mark: number): number {
  if (mark !== SENT) worker.output.at = mark;
  writeStatus(worker.output, Status.BAD_FORMAT_IN_GET);
  return Outcome.OPEN;
}

/** False: blocked in the middle of the value. */
function writeItem(worker: WorkerContext, session: CommandSession, op: number): boolean {
  const { store, input, inputView, output } = worker;
  const { keyStart, keyEnd } = worker.request;
  const hash = store.hashKey(input, inputView, keyStart, keyEnd);
  const mark = output.at;
  for (;;) {
    const ref = store.beginRead(input, inputView, keyStart, keyEnd, hash, 1);
    if (ref === 0) {
      missKey(worker, session, op);
      return true;
    }
    if (store.isReadLocked && store.isChunked(ref)) return writeChunkedItem(worker, session, op, ref, hash);
    const valueBytes = store.readBytes;
    writePlainItem(worker, op, ref, valueBytes);
    if (store.endRead()) {
      store.countHit(ref);
      if (isGetObserved(worker)) observeHit(worker, session.connection.id, store.sizeClass(ref), valueBytes);
      return true;
    }
    output.at = mark;
  }
}

/** VALUE line and value of an item that is not chunked. */
function writePlainItem(worker: WorkerContext, op: number, ref: number, valueBytes: number): void {
  const { store, output } = worker;
  output.ensure(VALUE_LINE_BYTES_MAX + valueBytes + LINE_END_BYTES);
  writeLineOf(worker, op, ref, valueBytes);
  store.copyPlainValue(ref, valueBytes, output.bytes, output.view, output.at);
  output.at += valueBytes;
  output.crlf();
}

function writeLineOf(worker: WorkerContext, op: number, ref: number, valueBytes: number): void {
  const { store, output, input, inputView } = worker;
  const { keyStart, keyEnd } = worker.request;
  const flags = store.clientFlags(ref);
  if (op === Op.GET || op === Op.GAT) {
    writeValueLine(output, input, inputView, keyStart, keyEnd, flags, valueBytes);
  } else {
    const casLow = store.casLow(ref);
    const casHigh = store.casHigh(ref);
    writeValueLineWithCas(output, input, inputView, keyStart, keyEnd, flags, valueBytes, casLow, casHigh);
  }
}

/** The read holds the stripe, as it does for every chunked item. */
function writeChunkedItem(
  worker: WorkerContext,
  session: CommandSession,
  op: number,
  ref: number,
  hash: number,
): boolean {
  const { store } = worker;
  const valueBytes = store.valueBytes(ref);
  writeLineOf(worker, op, ref, valueBytes);
  store.countHit(ref);
  if (isGetObserved(worker)) observeHit(worker, session.connection.id, store.sizeClass(ref), valueBytes);
  store.pinLocked(ref);
  store.endRead();
  return session.streamValue(ref, hash, true);
}

function touchAndWriteItem(worker: WorkerContext, session: CommandSession, op: number, exptime: number): boolean {
  const { store, input, inputView } = worker;
  const { keyStart, keyEnd } = worker.request;
  const hash = store.hashKey(input, inputView, keyStart, keyEnd);
  store.lock(hash);
  const ref = touchLocked(worker, session.connection.id, hash, exptime);
  const isChunked = ref !== 0 && store.isChunked(ref);
  if (isChunked) {
    writeLineOf(worker, op, ref, store.valueBytes(ref));
    store.pinLocked(ref);
  } else if (ref !== 0) {
    writePlainItem(worker, op, ref, store.valueBytes(ref));
  }
  store.unlock(hash);
  if (worker.settings.detailEnabled) worker.prefixes.recordGet(input, keyStart, keyEnd, ref !== 0);
  return !isChunked || session.streamValue(ref, hash, true);
}

/** Counts a miss; answers the discovery configuration that older clients read under an ordinary key. */
function missKey(worker: WorkerContext, session: CommandSession, op: number): void {
  const { store, input, configs } = worker;
  const { keyStart, keyEnd } = worker.request;
  countRemoved(worker, store.missReason);
  if (configs.isLegacyKey(input, keyStart, keyEnd) && configs.loadCluster()) {
    writeLegacyConfig(worker, op);
    return;
  }
  worker.counters[ServerCounter.GET_MISSES]++;
  if (isGetObserved(worker)) observeMiss(worker, session.connection.id, store.missReason);
}

/** reference/elasticache.md: `get AmazonElastiCache:cluster` answers like an item. */
function writeLegacyConfig(worker: WorkerContext, op: number): void {
  const { configs, output, input, inputView } = worker;
  const { keyStart, keyEnd } = worker.request;
  const { value, valueBytes, flags, casLow, casHigh } = configs;
  output.ensure(VALUE_LINE_BYTES_MAX + valueBytes + LINE_END_BYTES);
  if (op === Op.GET) writeValueLine(output, input, inputView, keyStart, keyEnd, flags, valueBytes);
  else writeValueLineWithCas(output, input, inputView, keyStart, keyEnd, flags, valueBytes, casLow, casHigh);
  output.copy(value, 0, valueBytes);
  output.crlf();
  worker.counters[ServerCounter.CMD_CONFIG_GET]++;
}
