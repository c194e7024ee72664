/**
 * Requests as they are sent to nodes when they cannot go as they came: without their noreply, q or quiet opcode, so that
 * every request on a shared connection has exactly one answer.
 *
 * Called by request-dispatch.ts with a decoded request; writes into a draft.
 */
import {
  BINARY_HEADER_BYTES,
  type ByteWriter,
  base64Length,
  Dialect,
  encodeBase64,
  Op,
  Opcode,
  type Request,
} from '@shoal/protocol';
import { copyBytes } from './byte-copy.js';

const BLANK = 32;
const LETTER_Q = 113;
const BODY_LENGTH_AT = 8;

const NAMES: Readonly<Record<number, string>> = {
  [Op.SET]: 'set ',
  [Op.ADD]: 'add ',
  [Op.REPLACE]: 'replace ',
  [Op.APPEND]: 'append ',
  [Op.PREPEND]: 'prepend ',
  [Op.CAS]: 'cas ',
  [Op.DELETE]: 'delete ',
  [Op.INCR]: 'incr ',
  [Op.DECR]: 'decr ',
  [Op.TOUCH]: 'touch ',
};

/** The loud opcode of each quiet one. */
const LOUD: Readonly<Record<number, number>> = {
  [Opcode.GETQ]: Opcode.GET,
  [Opcode.GETKQ]: Opcode.GETK,
  [Opcode.GATQ]: Opcode.GAT,
  [Opcode.GATKQ]: Opcode.GATK,
  [Opcode.SETQ]: Opcode.SET,
  [Opcode.ADDQ]: Opcode.ADD,
  [Opcode.REPLACEQ]: Opcode.REPLACE,
  [Opcode.APPENDQ]: Opcode.APPEND,
  [Opcode.PREPENDQ]: Opcode.PREPEND,
  [Opcode.DELETEQ]: Opcode.DELETE,
  [Opcode.INCREMENTQ]: Opcode.INCREMENT,
  [Opcode.DECREMENTQ]: Opcode.DECREMENT,
};

/** The line of a text request that was sent with noreply, anew and without it. A data block is to follow. */
export function writeLoudLine(draft: ByteWriter, input: Buffer, request: Request): void {
  draft.text(NAMES[request.op]);
  writeBytes(draft, input, request.keyStart, request.keyEnd);
  switch (request.op) {
    case Op.DELETE:
      // A key called noreply would be taken for the word.
      draft.text(' 0\r\n');
      break;
    case Op.INCR:
    case Op.DECR:
      draft.ensure(32);
      draft.byte(BLANK);
      draft.decimal64(request.deltaLow, request.deltaHigh);
      draft.crlf();
      break;
    case Op.TOUCH:
      draft.text(` ${request.exptime}\r\n`);
      break;
    default:
      draft.text(` ${request.clientFlags >>> 0} ${request.exptime} ${request.valueBytes}`);
      writeCas(draft, request);
      draft.text('\r\n');
  }
}

function writeCas(draft: ByteWriter, request: Request): void {
  if (request.op !== Op.CAS) return;
  draft.ensure(32);
  draft.byte(BLANK);
  draft.decimal64(request.casLow, request.casHigh);
}

/** The line of a meta request without its q, up to and with the line end. */
export function writeLoudMeta(draft: ByteWriter, input: Buffer, start: number, request: Request): void {
  writeBytes(draft, input, start, request.restStart);
  let at = request.restStart;
  while (at < request.lineEnd) {
    let end = at + 1;
    while (end < request.lineEnd && input[end] !== BLANK) end++;
    if (input[at] !== BLANK || input[at + 1] !== LETTER_Q) writeBytes(draft, input, at, end);
    at = end;
  }
  draft.text('\r\n');
}

/**
 * A binary request, input[start..end), with the opcode that answers in any case. `bodyBytes` is what the frame says of
 * itself: of touch and gat no more than extras and key, because what follows them is taken for a header of its own.
 */
export function writeLoudFrame(draft: ByteWriter, input: Buffer, start: number, end: number, request: Request): void {
  const at = draft.at;
  writeBytes(draft, input, start, end);
  draft.bytes[at + 1] = LOUD[request.opcode] ?? request.opcode;
  draft.view.setUint32(at + BODY_LENGTH_AT, end - start - BINARY_HEADER_BYTES);
}

/** Deletes the request's key: what a node does with the old item of a set that it refuses. */
export function writeDelete(draft: ByteWriter, input: Buffer, request: Request): void {
  const { keyStart, keyEnd } = request;
  if (request.dialect === Dialect.BINARY) {
    const at = draft.at;
    draft.ensure(BINARY_HEADER_BYTES);
    draft.bytes.fill(0, at, at + BINARY_HEADER_BYTES);
    draft.bytes[at] = 0x80;
    draft.bytes[at + 1] = Opcode.DELETE;
    draft.view.setUint16(at + 2, keyEnd - keyStart);
    draft.view.setUint32(at + BODY_LENGTH_AT, keyEnd - keyStart);
    draft.at = at + BINARY_HEADER_BYTES;
    writeBytes(draft, input, keyStart, keyEnd);
  } else if (request.keyIsBinary) {
    draft.text('md ');
    draft.ensure(base64Length(keyEnd - keyStart));
    draft.at = encodeBase64(input, keyStart, keyEnd, draft.bytes, draft.at);
    draft.text(' b\r\n');
  } else {
    draft.text('delete ');
    writeBytes(draft, input, keyStart, keyEnd);
    draft.text(' 0\r\n');
  }
}

export function writeBytes(draft: ByteWriter, input: Buffer, start: number, end: number): void {
  draft.ensure(end - start);
  copyBytes(input, start, end, draft.bytes, draft.at);
  draft.at += end - start;
}
