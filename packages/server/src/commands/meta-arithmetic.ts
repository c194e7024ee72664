/**
 * ma: increment and decrement with everything that meta flags add (doc/protocol.txt, "Meta Arithmetic"; process_marithmetic_cmd).
 */
import {
  MetaFlag,
  MetaMode,
  Status,
  writeFlagCas,
  writeFlagKey,
  writeFlagOpaque,
  writeFlagTtl,
  writeMetaCode,
  writeMetaValueCode,
  writeOpaqueAndKey,
  writeStatus,
} from '@shoal/protocol';
import { StoreStatus } from '../activity-log.js';
import { resolveExptime } from '../exptime.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import { applyDeltaLocked, countDeltaMiss, createCounter, DeltaOutcome, delta } from './arithmetic.js';
import type { CommandSession } from './context.js';
import { LETTER_C, LETTER_K, LETTER_N_UPPER, LETTER_O, LETTER_T, LETTER_T_UPPER } from './meta-letters.js';
import { reportStored } from './store-item.js';
import { StoreMode } from './store-ticket.js';

const LINE_END_BYTES = 2;

export function deltaMeta(worker: WorkerContext, session: CommandSession): number {
  const { store, request } = worker;
  const increments = request.mode !== MetaMode.DECR;
  const hash = worker.keyHash;
  const comparesCas = (request.metaFlags & MetaFlag.COMPARE_CAS) !== 0;
  const casLow = comparesCas ? request.casLow : 0;
  const casHigh = comparesCas ? request.casHigh : 0;
  store.lock(hash);
  let outcome: number = applyDeltaLocked(worker, session.connection.id, hash, increments, casLow, casHigh);
  const isMiss = outcome === DeltaOutcome.NOT_FOUND;
  const isCreated = isMiss && (request.metaFlags & MetaFlag.VIVIFY) !== 0;
  if (isCreated) outcome = createLocked(worker, session, hash);
  else if (outcome === DeltaOutcome.OK) setExplicitCasLocked(worker);
  if (outcome === DeltaOutcome.OK) writeResult(worker, isCreated);
  store.unlock(hash);
  if (isMiss && !isCreated) countDeltaMiss(worker, increments);
  if (outcome !== DeltaOutcome.OK) writeFailure(worker, outcome, isCreated);
  return Outcome.OPEN;
}

/** E: the item's CAS number, instead of the next one. */
function setExplicitCasLocked(worker: WorkerContext): void {
  const { store, request } = worker;
  if ((request.metaFlags & MetaFlag.EXPLICIT_CAS) === 0) return;
  store.setCasLocked(delta.ref, request.newCasLow, request.newCasHigh);
}

/** N: the item begins with J, or 0. */
function createLocked(worker: WorkerContext, session: CommandSession, hash: number): DeltaOutcome {
  const { store, request } = worker;
  createCounter(worker, hash, 0);
  if (delta.ref === 0) return DeltaOutcome.NO_MEMORY;
  if ((request.metaFlags & MetaFlag.EXPLICIT_CAS) === 0) store.linkLocked(delta.ref, hash);
  else store.linkWithCasLocked(delta.ref, hash, request.newCasLow, request.newCasHigh);
  reportStored(
    worker,
    session.connection.id,
    StoreStatus.STORED,
    StoreMode.ADD,
    delta.ref,
    request.keyStart,
    request.keyEnd,
  );
  return DeltaOutcome.OK;
}

/** The stripe is held: T and N change the item as the flags are walked. With q the item changes, the reply is taken back. */
function writeResult(worker: WorkerContext, isCreated: boolean): void {
  const { output, request } = worker;
  const { digits } = delta;
  const mark = output.at;
  const showsValue = (request.metaFlags & MetaFlag.RETURN_VALUE) !== 0;
  if (showsValue) writeMetaValueCode(output, digits.at);
  else writeMetaCode(output, Status.META_HIT);
  for (let i = 0; i < request.flagCount; i++) writeFlag(worker, request.flagLetters[i], isCreated);
  output.crlf();
  if (showsValue) {
    output.ensure(digits.at + LINE_END_BYTES);
    output.copy(digits.bytes, 0, digits.at);
    output.crlf();
  }
  if (request.noreply) output.at = mark;
}

function writeFlag(worker: WorkerContext, letter: number, isCreated: boolean): void {
  const { store, output, input, inputView, request } = worker;
  const { ref } = delta;
  switch (letter) {
    case LETTER_C:
      writeFlagCas(output, store.casLow(ref), store.casHigh(ref));
      break;
    case LETTER_T:
      writeFlagTtl(output, store.exptime(ref) === 0, store.exptime(ref) - store.now());
      break;
    case LETTER_T_UPPER:
      store.setExptimeLocked(ref, resolveTtl(worker, request.newTtl));
      break;
    case LETTER_N_UPPER:
      if (isCreated) store.setExptimeLocked(ref, resolveTtl(worker, request.vivifyTtl));
      break;
    case LETTER_O:
      writeFlagOpaque(output, input, inputView, request.opaqueStart, request.opaqueEnd);
      break;
    case LETTER_K:
      writeFlagKey(output, input, inputView, request.keyStart, request.keyEnd, request.keyIsBinary);
      break;
  }
}

/** q hides none of these. */
function writeFailure(worker: WorkerContext, outcome: number, isCreated: boolean): void {
  const { output, input, inputView, request } = worker;
  if (outcome === DeltaOutcome.NON_NUMERIC) {
    writeStatus(output, Status.NON_NUMERIC);
  } else if (outcome === DeltaOutcome.NO_MEMORY) {
    writeStatus(output, isCreated ? Status.NO_MEMORY_NEW_ITEM : Status.NO_MEMORY);
  } else {
    writeMetaCode(output, outcome === DeltaOutcome.NOT_FOUND ? Status.META_NOT_FOUND : Status.META_EXISTS);
    writeOpaqueAndKey(output, input, inputView, request);
    output.crlf();
  }
}

function resolveTtl(worker: WorkerContext, seconds: number): number {
  return resolveExptime(seconds, worker.store.now(), worker.settings.startUnixSeconds);
}
