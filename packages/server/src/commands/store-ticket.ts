/**
 * A storage command on its way: what it was asked, while its data block arrives.
 *
 * One is filled at the command line, from any dialect. If the block is already in the receive buffer it lives only for the length of that
 * call and the same one serves all; else the session keeps it until the block is complete. 64-bit CAS values are two int32 halves.
 */
import { OPAQUE_TOKEN_BYTES_MAX } from '@shoal/protocol';

/** What shall happen with the new value. The numbers up to CAS are those of StoreCommand, which watch lines show as words. */
export const StoreMode = {
  ADD: 1,
  SET: 2,
  REPLACE: 3,
  APPEND: 4,
  PREPEND: 5,
  /** Only over the item with the ticket's CAS. */
  CAS: 6,
  /** Meta set with N: create the item when there is none to append to. */
  APPEND_OR_CREATE: 7,
  PREPEND_OR_CREATE: 8,
} as const;
export type StoreMode = (typeof StoreMode)[keyof typeof StoreMode];

/** The letters that a meta set answers to: O k c s, each at most once. */
const LETTERS_MAX = 4;

export class StoreTicket {
  /** The private item that receives the value; 0 once it is linked or given back. */
  ref = 0;
  hash = 0;
  mode: number = StoreMode.SET;
  /** Length of the value. */
  valueBytes = 0;
  /** Bytes of the data block taken so far; in text and meta the CR LF behind the value counts. */
  received = 0;
  /** The block did not end in CR LF. */
  isBroken = false;

  /** Compare with this; both 0: no comparison. */
  casLow = 0;
  casHigh = 0;
  /** Flag I of a meta set: a CAS below the item's stores too, and marks the item stale. */
  allowsStale = false;
  /** Flag E of a meta set, both 0: the next number. */
  newCasLow = 0;
  newCasHigh = 0;

  /** How to answer. */
  dialect = 0;
  isQuiet = false;
  opcode = 0;
  opaque = 0;
  /** Meta: the key came as base64; the flags to return, in the order asked for; the opaque token. */
  keyIsBinary = false;
  readonly letters = new Uint8Array(LETTERS_MAX);
  letterCount = 0;
  readonly opaqueToken = new Uint8Array(OPAQUE_TOKEN_BYTES_MAX);
  readonly opaqueView = new DataView(this.opaqueToken.buffer);
  opaqueTokenBytes = 0;

  /** What became of it: the CAS number and the length of the item as stored. */
  storedCasLow = 0;
  storedCasHigh = 0;
  storedBytes = 0;
}

/** Tickets kept for commands whose block takes several turns. */
const SPARES_MAX = 64;

/** The one that serves all commands whose block is there. */
let spare: StoreTicket | null = null;
const spares: StoreTicket[] = [];

/** A ticket to fill: every field a command line names must be set, the rest is as in a new one. */
export function takeTicket(): StoreTicket {
  const ticket = spare ?? spares.pop() ?? new StoreTicket();
  spare = null;
  ticket.received = 0;
  ticket.isBroken = false;
  ticket.keyIsBinary = false;
  ticket.allowsStale = false;
  ticket.newCasLow = 0;
  ticket.newCasHigh = 0;
  ticket.casLow = 0;
  ticket.casHigh = 0;
  return ticket;
}

/** A ticket that nobody looks at any more. */
export function giveTicket(ticket: StoreTicket): void {
  if (spare === null) spare = ticket;
  else if (spares.length < SPARES_MAX) spares.push(ticket);
}
