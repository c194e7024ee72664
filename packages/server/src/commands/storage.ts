/**
 * The command lines of storage commands, in all three dialects: from the request to a ticket, a private item and its data block.
 *
 * Text set, add, replace, append, prepend and cas; meta set with its modes; binary set, add, replace, append and prepend. Every function
 * here ends in `receive`, which reserves the item and goes on with the block (data-block.ts). What storing means is in store-item.ts.
 */
import {
  Dialect,
  MetaFlag,
  MetaMode,
  Op,
  type Request,
  Status,
  writeBinaryEmpty,
  writeMetaCode,
  writeStatus,
} from '@shoal/protocol';
import { ClassCounter, Reserve } from '@shoal/store';
import { StoreStatus, Watch } from '../activity-log.js';
import { resolveExptime } from '../exptime.js';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import { refuseChange } from './config.js';
import type { CommandSession } from './context.js';
import { receiveBlock } from './data-block.js';
import { findLiveLocked } from './lookup.js';
import { LETTER_C, LETTER_K, LETTER_O, LETTER_S } from './meta-letters.js';
import { isRefusal } from './store-item.js';
import { putOver, storeOver } from './store-over.js';
import { writeReserveRefusal } from './store-reply.js';
import { giveTicket, StoreMode, type StoreTicket, takeTicket } from './store-ticket.js';

const MODE_OF_OP = modesByNumber([
  [Op.SET, StoreMode.SET],
  [Op.ADD, StoreMode.ADD],
  [Op.REPLACE, StoreMode.REPLACE],
  [Op.APPEND, StoreMode.APPEND],
  [Op.PREPEND, StoreMode.PREPEND],
  [Op.CAS, StoreMode.CAS],
]);
const MODE_OF_META = modesByNumber([
  [MetaMode.SET, StoreMode.SET],
  [MetaMode.ADD, StoreMode.ADD],
  [MetaMode.REPLACE, StoreMode.REPLACE],
  [MetaMode.APPEND, StoreMode.APPEND],
  [MetaMode.PREPEND, StoreMode.PREPEND],
]);

/** Those of a meta set that neither ask for a condition nor return anything. */
const PLAIN_META_FLAGS =
  MetaFlag.CLIENT_FLAGS | MetaFlag.SET_TTL | MetaFlag.MODE | MetaFlag.QUIET | MetaFlag.PATH | MetaFlag.PROXY;

function modesByNumber(pairs: readonly (readonly [number, StoreMode])[]): Uint8Array {
  const modes = new Uint8Array(16);
  for (const [number, mode] of pairs) modes[number] = mode;
  return modes;
}

export function storeText(worker: WorkerContext, session: CommandSession): number {
  const { request, settings } = worker;
  const exptime = resolveExptime(request.exptime, worker.store.now(), settings.startUnixSeconds);
  if (settings.detailEnabled) worker.prefixes.recordSet(worker.input, request.keyStart, request.keyEnd);
  if (request.op === Op.SET && putOver(worker, session, Dialect.TEXT, request.clientFlags, exptime)) {
    if (!request.noreply) writeStatus(worker.output, Status.STORED);
    return Outcome.OPEN;
  }
  const ticket = takeTicket();
  ticket.dialect = Dialect.TEXT;
  ticket.mode = MODE_OF_OP[request.op];
  ticket.isQuiet = request.noreply;
  if (request.op === Op.CAS) compareCas(worker, ticket);
  return receive(worker, session, ticket, request.clientFlags, exptime);
}

export function storeBinary(worker: WorkerContext, session: CommandSession): number {
  const { request, settings } = worker;
  const { op } = request;
  const joins = op === Op.APPEND || op === Op.PREPEND;
  const exptime = joins ? 0 : resolveExptime(request.exptime >>> 0, worker.store.now(), settings.startUnixSeconds);
  if (settings.detailEnabled) worker.prefixes.recordSet(worker.input, request.keyStart, request.keyEnd);
  if (op === Op.SET && (request.casLow | request.casHigh) === 0) {
    if (putOver(worker, session, Dialect.BINARY, request.clientFlags, exptime)) return answerBinaryStored(worker);
  }
  const ticket = takeTicket();
  ticket.dialect = Dialect.BINARY;
  ticket.mode = MODE_OF_OP[op];
  ticket.isQuiet = request.noreply;
  ticket.opcode = request.opcode;
  ticket.opaque = request.opaque;
  compareCas(worker, ticket);
  if (!joins && (ticket.casLow | ticket.casHigh) !== 0) ticket.mode = StoreMode.CAS;
  return receive(worker, session, ticket, joins ? 0 : request.clientFlags, exptime);
}

function answerBinaryStored(worker: WorkerContext): number {
  const { overwrites, output, request } = worker;
  if (request.noreply) return Outcome.OPEN;
  writeBinaryEmpty(output, request.opcode, request.opaque, overwrites.casOutLow, overwrites.casOutHigh);
  return Outcome.OPEN;
}

export function storeMeta(worker: WorkerContext, session: CommandSession): number {
  const { request, settings } = worker;
  const { metaFlags } = request;
  const mode = metaModeOf(request);
  const exptime = resolveExptime(ttlOf(request, mode), worker.store.now(), settings.startUnixSeconds);
  const clientFlags = (metaFlags & MetaFlag.CLIENT_FLAGS) !== 0 ? request.clientFlags : 0;
  const isPlain = (metaFlags & ~PLAIN_META_FLAGS) === 0 && mode === StoreMode.SET;
  if (isPlain && putOver(worker, session, Dialect.META, clientFlags, exptime)) return answerMetaStored(worker);
  const ticket = takeTicket();
  ticket.dialect = Dialect.META;
  ticket.isQuiet = request.noreply;
  ticket.keyIsBinary = request.keyIsBinary;
  ticket.mode = mode;
  if ((metaFlags & MetaFlag.COMPARE_CAS) !== 0) compareCas(worker, ticket);
  ticket.allowsStale = (metaFlags & MetaFlag.INVALIDATE) !== 0 && mode === StoreMode.CAS;
  if ((metaFlags & MetaFlag.EXPLICIT_CAS) !== 0) {
    ticket.newCasLow = request.newCasLow;
    ticket.newCasHigh = request.newCasHigh;
  }
  noteReplyFlags(worker, ticket);
  if (!isPlain && storeOver(worker, session, ticket, clientFlags, exptime)) return Outcome.OPEN;
  return receive(worker, session, ticket, clientFlags, exptime);
}

function answerMetaStored(worker: WorkerContext): number {
  if (worker.request.noreply) return Outcome.OPEN;
  writeMetaCode(worker.output, Status.META_HIT);
  worker.output.crlf();
  return Outcome.OPEN;
}

/** A CAS value makes a set or replace a compare-and-store; N makes append and prepend create what is missing. */
function metaModeOf(request: Request): number {
  const mode = MODE_OF_META[request.mode];
  if ((request.metaFlags & MetaFlag.COMPARE_CAS) !== 0 && (mode === StoreMode.SET || mode === StoreMode.REPLACE)) {
    return StoreMode.CAS;
  }
  if ((request.metaFlags & MetaFlag.VIVIFY) === 0) return mode;
  if (mode === StoreMode.APPEND) return StoreMode.APPEND_OR_CREATE;
  return mode === StoreMode.PREPEND ? StoreMode.PREPEND_OR_CREATE : mode;
}

/** Seconds as sent: of N for an append that may create, else of T. */
function ttlOf(request: Request, mode: number): number {
  if (mode === StoreMode.APPEND_OR_CREATE || mode === StoreMode.PREPEND_OR_CREATE) return request.vivifyTtl;
  return (request.metaFlags & MetaFlag.SET_TTL) !== 0 ? request.newTtl : 0;
}

/** Without CAS numbers on items (-C) memcached forgets the one that a command names. */
function compareCas(worker: WorkerContext, ticket: StoreTicket): void {
  if (!worker.settings.cas) return;
  ticket.casLow = worker.request.casLow;
  ticket.casHigh = worker.request.casHigh;
}

/** Keeps what the reply to a meta set returns: its line may be gone when the data block has come. */
function noteReplyFlags(worker: WorkerContext, ticket: StoreTicket): void {
  const { request, input } = worker;
  const { flagLetters, flagCount, opaqueStart, opaqueEnd } = request;
  let count = 0;
  for (let i = 0; i < flagCount; i++) {
    const letter = flagLetters[i];
    if (letter !== LETTER_O && letter !== LETTER_K && letter !== LETTER_C && letter !== LETTER_S) continue;
    ticket.letters[count++] = letter;
    if (letter !== LETTER_O) continue;
    ticket.opaqueTokenBytes = opaqueEnd - opaqueStart;
    for (let at = opaqueStart; at < opaqueEnd; at++) ticket.opaqueToken[at - opaqueStart] = input[at];
  }
  ticket.letterCount = count;
}

/** Reserves the private item that the data block goes into, and goes on with the block. */
function receive(
  worker: WorkerContext,
  session: CommandSession,
  ticket: StoreTicket,
  clientFlags: number,
  exptime: number,
): number {
  const { store, input, inputView, request } = worker;
  const { keyStart, keyEnd, valueBytes } = request;
  const hash = worker.keyHash;
  ticket.hash = hash;
  ticket.valueBytes = valueBytes;
  if (worker.configs.isReservedKey(input, keyStart, keyEnd)) return refuseReservedKey(worker, session, ticket);
  const ref = store.reserve(input, inputView, keyStart, keyEnd, hash, clientFlags, exptime, valueBytes);
  ticket.ref = ref;
  if (isRefusal(ref)) return refuseStore(worker, session, ticket);
  if (ticket.dialect !== Dialect.BINARY) store.countClass(ref, ClassCounter.CMD_SET);
  return receiveBlock(worker, session, ticket);
}

/** The name under which a managed node answers its list. */
function refuseReservedKey(worker: WorkerContext, session: CommandSession, ticket: StoreTicket): number {
  const mark = worker.output.at;
  giveTicket(ticket);
  refuseChange(worker);
  return session.refuse(mark, worker.request.swallowBytes);
}

/** No item for this value: says so once the block has gone by, and drops what the client meant to replace. */
function refuseStore(worker: WorkerContext, session: CommandSession, ticket: StoreTicket): number {
  const { request, output, counters, activity } = worker;
  const { keyStart, keyEnd } = request;
  const cfd = session.connection.id;
  const isTooLarge = ticket.ref === Reserve.TOO_LARGE;
  const status = isTooLarge ? StoreStatus.TOO_LARGE : StoreStatus.NO_MEMORY;
  ticket.ref = 0;
  // Only text and meta are counted in 1.6.45 (process_update_cmd_start against process_bin_update).
  if (ticket.dialect !== Dialect.BINARY) {
    counters[isTooLarge ? ServerCounter.STORE_TOO_LARGE : ServerCounter.STORE_NO_MEMORY]++;
  }
  if ((activity.words[0] & Watch.MUTATIONS) !== 0) {
    activity.itemStore(status, ticket.mode, 0, 0, cfd, 0, worker.input, keyStart, keyEnd);
  }
  if (ticket.dialect === Dialect.META || request.op === Op.SET) dropOld(worker, cfd, ticket.hash);
  const mark = output.at;
  writeReserveRefusal(worker, ticket, status);
  giveTicket(ticket);
  return session.refuse(mark, request.swallowBytes);
}

/** A set that failed must not leave the value it was to replace. */
function dropOld(worker: WorkerContext, cfd: number, hash: number): void {
  const { store, request } = worker;
  store.lock(hash);
  const old = findLiveLocked(worker, cfd, request.keyStart, request.keyEnd, hash);
  if (old !== 0) store.unlinkLocked(old, hash);
  store.unlock(hash);
}
