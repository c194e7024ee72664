/**
 * What the storage commands answer, in each dialect, once the outcome (a StoreStatus) is known.
 *
 * Text and meta: proto_text.c, complete_nread_ascii and _finalize_mset. Binary: proto_bin.c, complete_update_bin and process_bin_update.
 */
import {
  BINARY_NO_MEMORY_ITEM,
  BINARY_NO_MEMORY_READING,
  BinaryStatus,
  Dialect,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeFlagCas,
  writeFlagKey,
  writeFlagNumber,
  writeFlagOpaque,
  writeMetaCode,
  writeStatus,
} from '@shoal/protocol';
import { StoreStatus } from '../activity-log.js';
import type { WorkerContext } from '../worker-context.js';
import { LETTER_C, LETTER_K, LETTER_O, LETTER_S } from './meta-letters.js';
import { StoreMode, type StoreTicket } from './store-ticket.js';

/** By StoreStatus: NOT_STORED, STORED, EXISTS, NOT_FOUND. */
const TEXT_STATUS: readonly number[] = [Status.NOT_STORED, Status.STORED, Status.EXISTS, Status.NOT_FOUND];
const META_STATUS: readonly number[] = [
  Status.META_NOT_STORED,
  Status.META_HIT,
  Status.META_EXISTS,
  Status.META_NOT_FOUND,
];

/** The key is worker.input[start..end). */
export function writeStoreReply(
  worker: WorkerContext,
  ticket: StoreTicket,
  outcome: number,
  start: number,
  end: number,
): void {
  if (ticket.dialect === Dialect.TEXT) {
    if (!ticket.isQuiet) writeStatus(worker.output, TEXT_STATUS[outcome]);
  } else if (ticket.dialect === Dialect.META) {
    // doc/protocol.txt, meta set: q hides HD alone.
    if (!ticket.isQuiet || outcome !== StoreStatus.STORED) writeMetaReply(worker, ticket, outcome, start, end);
  } else {
    writeBinaryReply(worker, ticket, outcome);
  }
}

function writeMetaReply(worker: WorkerContext, ticket: StoreTicket, outcome: number, start: number, end: number): void {
  const { output, input, inputView } = worker;
  writeMetaCode(output, META_STATUS[outcome]);
  for (let i = 0; i < ticket.letterCount; i++) {
    switch (ticket.letters[i]) {
      case LETTER_O:
        writeFlagOpaque(output, ticket.opaqueToken, ticket.opaqueView, 0, ticket.opaqueTokenBytes);
        break;
      case LETTER_K:
        writeFlagKey(output, input, inputView, start, end, ticket.keyIsBinary);
        break;
      case LETTER_C:
        writeFlagCas(output, ticket.storedCasLow, ticket.storedCasHigh);
        break;
      default:
        writeFlagNumber(output, LETTER_S, ticket.storedBytes);
    }
  }
  output.crlf();
}

function writeBinaryReply(worker: WorkerContext, ticket: StoreTicket, outcome: number): void {
  const { output } = worker;
  const { opcode, opaque, storedCasLow, storedCasHigh } = ticket;
  if (outcome === StoreStatus.STORED) {
    if (!ticket.isQuiet) writeBinaryEmpty(output, opcode, opaque, storedCasLow, storedCasHigh);
  } else {
    writeBinaryError(output, opcode, binaryStatusOf(ticket.mode, outcome), opaque, 0, 0);
  }
}

/** A set that names a CAS value has become a compare-and-store; the mode decides what "not stored" means. */
function binaryStatusOf(mode: number, outcome: number): number {
  if (outcome === StoreStatus.EXISTS) return BinaryStatus.KEY_EXISTS;
  if (outcome === StoreStatus.NOT_FOUND) return BinaryStatus.KEY_NOT_FOUND;
  if (mode === StoreMode.ADD) return BinaryStatus.KEY_EXISTS;
  return mode === StoreMode.REPLACE ? BinaryStatus.KEY_NOT_FOUND : BinaryStatus.NOT_STORED;
}

/** The value is larger than any item may be (StoreStatus.TOO_LARGE), or there is no memory for it. Meta answers even when quiet. */
export function writeReserveRefusal(worker: WorkerContext, ticket: StoreTicket, status: number): void {
  const { output } = worker;
  const isTooLarge = status === StoreStatus.TOO_LARGE;
  if (ticket.dialect !== Dialect.BINARY) {
    if (ticket.isQuiet && ticket.dialect === Dialect.TEXT) return;
    writeStatus(output, isTooLarge ? Status.TOO_LARGE : Status.NO_MEMORY_STORING);
  } else if (isTooLarge) {
    writeBinaryError(output, ticket.opcode, BinaryStatus.TOO_LARGE, ticket.opaque, 0, 0);
  } else {
    writeBinaryError(output, ticket.opcode, BinaryStatus.NO_MEMORY, ticket.opaque, 0, 0, BINARY_NO_MEMORY_ITEM);
  }
}

/** Memory ran out while a long value arrived. */
export function writeReadingRefusal(worker: WorkerContext, ticket: StoreTicket): void {
  const { output } = worker;
  if (ticket.dialect === Dialect.BINARY) {
    writeBinaryError(output, ticket.opcode, BinaryStatus.NO_MEMORY, ticket.opaque, 0, 0, BINARY_NO_MEMORY_READING);
  } else if (!ticket.isQuiet) {
    writeStatus(output, Status.NO_MEMORY_READING);
  }
}

/** A data block that does not end in CR LF. Meta answers even when quiet. */
export function writeBrokenBlock(worker: WorkerContext, ticket: StoreTicket): void {
  if (!ticket.isQuiet || ticket.dialect === Dialect.META) writeStatus(worker.output, Status.BAD_DATA_CHUNK);
}
