/**
 * mg: fetch, touch, create on a miss, and hand out the right to renew (doc/protocol.txt, "Meta Get"; memcached: process_mget_cmd).
 *
 * Without N, T, R, l and h the item is only read, without a lock, like a get. Those five change the item or must see it before the fetch
 * marks it, and so does a stale item whose renewal nobody has won yet: they hold the stripe.
 */
import {
  MetaFlag,
  PLAIN_GET_FLAGS,
  Status,
  writeFlagCas,
  writeFlagKey,
  writeFlagLetter,
  writeFlagNumber,
  writeFlagOpaque,
  writeFlagTtl,
  writeMetaCode,
  writeMetaValueCode,
  writeOpaqueAndKey,
} from '@shoal/protocol';
import { ClassCounter, ItemMark, Reserve } from '@shoal/store';
import { Watch } from '../activity-log.js';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { countRemoved, findLiveLocked, reportHit, reportMiss } from './lookup.js';
import {
  LETTER_C,
  LETTER_F,
  LETTER_H,
  LETTER_K,
  LETTER_L,
  LETTER_N_UPPER,
  LETTER_O,
  LETTER_R_UPPER,
  LETTER_S,
  LETTER_T,
  LETTER_T_UPPER,
  LETTER_W,
  LETTER_X,
  LETTER_Z,
} from './meta-letters.js';

const NEEDS_LOCK =
  MetaFlag.VIVIFY | MetaFlag.SET_TTL | MetaFlag.RECACHE | MetaFlag.RETURN_LAST_ACCESS | MetaFlag.RETURN_HIT;
/** Stale alone: no client was told to renew it, the next one to ask is. */
const RENEWAL_MARKS = ItemMark.STALE | ItemMark.WIN_SENT;
/** Without these a line shows what the flags ask for and nothing else. */
const MARKS_THAT_SHOW = RENEWAL_MARKS | ItemMark.KEY_BINARY | ItemMark.CHUNKED;

/** A pinned value is to be streamed behind the line; set by the writers below for the command at hand. */
let streamedRef = 0;

export function getMeta(worker: WorkerContext, session: CommandSession): number {
  const { store, reads, request, output } = worker;
  const { keyStart, keyEnd, metaFlags } = request;
  const hash = worker.keyHash;
  if ((metaFlags & NEEDS_LOCK) !== 0) return getMetaLocked(worker, session, hash);
  const bump = (metaFlags & MetaFlag.NO_BUMP) === 0 ? 1 : 0;
  const mark = output.at;
  for (;;) {
    const ref = reads.begin(keyStart, keyEnd, hash, bump);
    if (ref === 0) return missMeta(worker, session);
    const { tag, valueBytes, isLocked } = reads.found;
    if ((tag & RENEWAL_MARKS) === ItemMark.STALE) {
      reads.end();
      return getMetaLocked(worker, session, hash);
    }
    streamedRef = 0;
    if ((metaFlags & ~PLAIN_GET_FLAGS) === 0 && (tag & MARKS_THAT_SHOW) === 0) writePlainItem(worker);
    else writeMetaItem(worker, ref, false, isLocked);
    if (reads.end()) {
      reads.countHit();
      if ((worker.activity.words[0] & Watch.FETCHERS) !== 0) {
        reportHit(worker, session.connection.id, store.sizeClass(ref), valueBytes, keyStart, keyEnd);
      }
      return streamedRef === 0 ? Outcome.OPEN : streamMeta(session, streamedRef, hash);
    }
    output.at = mark;
  }
}

/** Line and value of the item that was found, of which nothing unusual is to be told. */
function writePlainItem(worker: WorkerContext): void {
  const { reads, output, request, metaLines, spelling } = worker;
  const at = metaLines.put(output.at, request, reads.found);
  const showsValue = (request.metaFlags & MetaFlag.RETURN_VALUE) !== 0;
  output.at = showsValue ? spelling.putEnd(reads.copyValue(at)) : at;
}

function getMetaLocked(worker: WorkerContext, session: CommandSession, hash: number): number {
  const { store, reads, request } = worker;
  const { metaFlags } = request;
  store.lock(hash);
  let ref = findLiveLocked(worker, session.connection.id, request.keyStart, request.keyEnd, hash);
  const { missReason } = store;
  const isCreated = ref === 0 && (metaFlags & MetaFlag.VIVIFY) !== 0;
  if (isCreated) ref = vivifyLocked(worker, hash);
  if (ref === 0) {
    store.unlock(hash);
    store.missReason = missReason;
    return answerMiss(worker);
  }
  streamedRef = 0;
  reads.lookLocked(ref);
  writeMetaItem(worker, ref, isCreated, true);
  if ((metaFlags & MetaFlag.SET_TTL) !== 0) store.countClass(ref, ClassCounter.TOUCH_HITS);
  else reads.countHit();
  if ((metaFlags & MetaFlag.NO_BUMP) === 0) store.bumpLocked(ref);
  store.unlock(hash);
  return streamedRef === 0 ? Outcome.OPEN : streamMeta(session, streamedRef, hash);
}

function streamMeta(session: CommandSession, ref: number, hash: number): number {
  return session.streamValue(ref, hash, true) ? Outcome.OPEN : Outcome.BLOCKED;
}

/** An empty item under the request's key, linked, or 0: no memory, or a managed node's own key. Its expiry is set as the reply is written. */
function vivifyLocked(worker: WorkerContext, hash: number): number {
  const { configs, store, input, inputView, request } = worker;
  if (configs.isReservedKey(input, request.keyStart, request.keyEnd)) return 0;
  const ref = store.reserve(input, inputView, request.keyStart, request.keyEnd, hash, 0, 0, 0);
  if (ref === Reserve.TOO_LARGE || ref === Reserve.NO_MEMORY) return 0;
  if ((request.metaFlags & MetaFlag.EXPLICIT_CAS) === 0) store.linkLocked(ref, hash);
  else store.linkWithCasLocked(ref, hash, request.newCasLow, request.newCasHigh);
  return ref;
}

function missMeta(worker: WorkerContext, session: CommandSession): number {
  const { store, request } = worker;
  countRemoved(worker, store.missReason);
  if ((worker.activity.words[0] & Watch.FETCHERS) !== 0) {
    reportMiss(worker, session.connection.id, store.missReason, request.keyStart, request.keyEnd);
  }
  return answerMiss(worker);
}

function answerMiss(worker: WorkerContext): number {
  const { output, input, inputView, request } = worker;
  worker.counters[ServerCounter.GET_MISSES]++;
  if (request.noreply) return Outcome.OPEN;
  writeMetaCode(output, Status.META_MISS);
  writeOpaqueAndKey(output, input, inputView, request);
  output.crlf();
  return Outcome.OPEN;
}

/**
 * Line and value. A chunked value is pinned instead and left in streamedRef. `isLocked`: the stripe is held; else what is read may be torn, and
 * requests and items that ask for a change do not come here.
 */
function writeMetaItem(worker: WorkerContext, ref: number, isCreated: boolean, isLocked: boolean): void {
  const { store, reads, output, request } = worker;
  const { valueBytes } = reads.found;
  const showsValue = (request.metaFlags & MetaFlag.RETURN_VALUE) !== 0 && !hasCasOfClient(worker);
  if (showsValue) writeMetaValueCode(output, valueBytes);
  else writeMetaCode(output, Status.META_HIT);
  const hasWon = writeFlags(worker, ref, isCreated);
  writeMarks(worker, ref, hasWon, isLocked);
  output.crlf();
  if (!showsValue) return;
  if (isLocked && store.isChunked(ref)) {
    store.pinLocked(ref);
    streamedRef = ref;
    return;
  }
  output.at = worker.spelling.putEnd(reads.copyValue(output.at));
}

/** C with the item's number: the client has this value already. */
function hasCasOfClient(worker: WorkerContext): boolean {
  const { reads, request } = worker;
  if ((request.metaFlags & MetaFlag.COMPARE_CAS) === 0) return false;
  return reads.found.casLow === request.casLow && reads.found.casHigh === request.casHigh;
}

/** The flags in the order asked for: T before t shows the new expiry, t before T the old one. True: the client has won the renewal. */
function writeFlags(worker: WorkerContext, ref: number, isCreated: boolean): boolean {
  const { store, reads, output, request } = worker;
  let hasWon = false;
  for (let i = 0; i < request.flagCount; i++) {
    const letter = request.flagLetters[i];
    switch (letter) {
      case LETTER_T_UPPER:
        store.setExptimeLocked(ref, resolveTtl(worker, request.newTtl));
        break;
      case LETTER_N_UPPER:
        if (isCreated) store.setExptimeLocked(ref, resolveTtl(worker, request.vivifyTtl));
        hasWon ||= isCreated;
        break;
      case LETTER_R_UPPER:
        hasWon ||= !isCreated && winsRecache(worker, ref);
        break;
      case LETTER_S:
        writeFlagNumber(output, LETTER_S, reads.found.valueBytes);
        break;
      case LETTER_F:
        writeFlagNumber(output, LETTER_F, reads.found.clientFlags);
        break;
      case LETTER_C:
        writeFlagCas(output, reads.found.casLow, reads.found.casHigh);
        break;
      default:
        writeRareFlag(worker, ref, letter);
    }
  }
  return hasWon;
}

function writeRareFlag(worker: WorkerContext, ref: number, letter: number): void {
  const { store, output, input, inputView, request } = worker;
  switch (letter) {
    case LETTER_T:
      writeFlagTtl(output, store.exptime(ref) === 0, store.exptime(ref) - store.now());
      break;
    case LETTER_L:
      writeFlagNumber(output, LETTER_L, (store.now() - store.lastAccess(ref)) >>> 0);
      break;
    case LETTER_H:
      writeFlagNumber(output, LETTER_H, store.isFetched(ref) ? 1 : 0);
      break;
    case LETTER_O:
      writeFlagOpaque(output, input, inputView, request.opaqueStart, request.opaqueEnd);
      break;
    case LETTER_K: {
      const isBinary = store.hasMark(ref, ItemMark.KEY_BINARY);
      writeFlagKey(output, input, inputView, request.keyStart, request.keyEnd, isBinary);
      break;
    }
  }
}

/** R: fewer seconds are left than the client asks for, and nobody else was told to renew. */
function winsRecache(worker: WorkerContext, ref: number): boolean {
  const { store, request } = worker;
  const exptime = store.exptime(ref);
  return exptime !== 0 && exptime < resolveTtl(worker, request.recacheTtl) && !store.hasMark(ref, ItemMark.WIN_SENT);
}

/** Z: somebody has won already; X: stale; W: this client has won now. */
function writeMarks(worker: WorkerContext, ref: number, hasWonByFlag: boolean, isLocked: boolean): void {
  const { store, output } = worker;
  const isWinSent = store.hasMark(ref, ItemMark.WIN_SENT);
  const isStale = store.hasMark(ref, ItemMark.STALE);
  if (isWinSent) writeFlagLetter(output, LETTER_Z);
  if (isStale) writeFlagLetter(output, LETTER_X);
  if (!hasWonByFlag && !(isStale && !isWinSent)) return;
  writeFlagLetter(output, LETTER_W);
  if (isLocked) store.setMarkLocked(ref, ItemMark.WIN_SENT);
}

function resolveTtl(worker: WorkerContext, seconds: number): number {
  return resolveExptime(seconds, worker.store.now(), worker.settings.startUnixSeconds);
}
