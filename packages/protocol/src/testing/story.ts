/**
 * A decoded request in words, for tests: the operation, then the fields that it fills, then `quiet` if it is.
 */

import { Dialect, Op, type Request } from '../request.js';
import { STATUS_LINES, Status } from '../status.js';

const OP_NAMES = Object.keys(Op) as (keyof typeof Op)[];

/** A byte for each character, so that '\xff' is one byte. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The reverse of bytesOf. */
export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

export function keyOf(input: Uint8Array, request: Request): string {
  return slice(input, request.keyStart, request.keyEnd);
}

/** The key, marked if it came as base64. */
function keyIn(input: Uint8Array, request: Request): string {
  return request.keyIsBinary ? `b:${keyOf(input, request)}` : keyOf(input, request);
}

/** @param keys all keys of a text get, collected with nextKey */
export function tell(input: Uint8Array, request: Request, keys: readonly string[]): string {
  const words: unknown[] = [OP_NAMES[request.op], ...tellArguments(input, request, keys)];
  if (request.noreply) words.push('quiet');
  return words.join(' ');
}

function tellArguments(input: Uint8Array, request: Request, keys: readonly string[]): unknown[] {
  if (request.dialect === Dialect.BINARY) return tellBinary(input, request);
  if (request.dialect === Dialect.META) return tellMeta(input, request);
  switch (request.op) {
    case Op.GET:
    case Op.GETS:
      return [...keys];
    case Op.GAT:
    case Op.GATS:
      return [request.exptime, ...keys];
    case Op.DELETE:
    case Op.CONFIG_GET:
      return [keyOf(input, request)];
    case Op.CONFIG_DELETE:
      return [keyOf(input, request), ...secretIn(input, request)];
    case Op.INCR:
    case Op.DECR:
      return [keyOf(input, request), decimal(request.deltaLow, request.deltaHigh)];
    case Op.TOUCH:
      return [keyOf(input, request), request.exptime];
    case Op.CONFIG_SET: {
      const words = [keyOf(input, request), request.clientFlags >>> 0, block(input, request)];
      return [...words, ...secretIn(input, request)];
    }
    case Op.FLUSH_ALL:
      return request.status === Status.NONE ? [request.exptime] : [textOf(STATUS_LINES[request.status]).trim()];
    case Op.VERBOSITY:
      return [request.deltaLow >>> 0];
    default:
      return request.op <= Op.CAS ? tellStorage(input, request) : tellTokens(input, request);
  }
}

function tellStorage(input: Uint8Array, request: Request): unknown[] {
  const words = [keyOf(input, request), request.clientFlags >>> 0, request.exptime, block(input, request)];
  return request.op === Op.CAS ? [...words, decimal(request.casLow, request.casHigh)] : words;
}

function tellTokens(input: Uint8Array, request: Request): string[] {
  if (request.op === Op.QUIT || request.op === Op.VERSION) return [];
  const words: string[] = [];
  for (let i = 1; i < request.tokenCount; i++) {
    words.push(slice(input, request.tokenStarts[i], request.tokenEnds[i]));
  }
  return words;
}

function tellMeta(input: Uint8Array, request: Request): unknown[] {
  if (request.op === Op.META_NOOP) return [];
  const words: unknown[] = [keyIn(input, request)];
  if (request.op === Op.META_DEBUG) return words;
  if (request.op === Op.META_SET) words.push(block(input, request));
  if (request.op === Op.META_SET || request.op === Op.META_ARITHMETIC) words.push(`mode${request.mode}`);
  for (let i = 0; i < request.flagCount; i++) words.push(tellFlag(request.flagLetters[i], input, request));
  return words;
}

function tellFlag(letterByte: number, input: Uint8Array, request: Request): string {
  const letter = String.fromCharCode(letterByte);
  switch (letter) {
    case 'C':
      return `C${decimal(request.casLow, request.casHigh)}`;
    case 'D':
      return `D${decimal(request.deltaLow, request.deltaHigh)}`;
    case 'E':
      return `E${decimal(request.newCasLow, request.newCasHigh)}`;
    case 'F':
      return `F${request.clientFlags >>> 0}`;
    case 'J':
      return `J${decimal(request.initialLow, request.initialHigh)}`;
    case 'N':
      return `N${request.vivifyTtl}`;
    case 'O':
      return slice(input, request.opaqueStart, request.opaqueEnd);
    case 'R':
      return `R${request.recacheTtl}`;
    case 'T':
      return `T${request.newTtl}`;
    default:
      return letter;
  }
}

function tellBinary(input: Uint8Array, request: Request): unknown[] {
  const head = [`0x${request.opcode.toString(16)}`, keyIn(input, request)];
  const tail = [`opaque ${request.opaque}`, `cas ${decimal(request.casLow, request.casHigh)}`];
  return [...head, ...tellExtras(input, request), ...tail];
}

function tellExtras(input: Uint8Array, request: Request): unknown[] {
  switch (request.op) {
    case Op.SET:
    case Op.ADD:
    case Op.REPLACE:
      return [request.clientFlags >>> 0, request.exptime, block(input, request)];
    case Op.APPEND:
    case Op.PREPEND:
      return [block(input, request)];
    case Op.CONFIG_SET:
      return [request.clientFlags >>> 0, block(input, request)];
    case Op.INCR:
    case Op.DECR:
      return [
        decimal(request.deltaLow, request.deltaHigh),
        decimal(request.initialLow, request.initialHigh),
        request.vivifies ? request.exptime : 'never',
      ];
    case Op.TOUCH:
    case Op.GAT:
    case Op.GATK:
    case Op.FLUSH_ALL:
      return [request.exptime];
    case Op.VERBOSITY:
      return [request.deltaLow >>> 0];
    default:
      return [];
  }
}

function secretIn(input: Uint8Array, { secretStart, secretEnd }: Request): string[] {
  return secretEnd > secretStart ? ['secret', slice(input, secretStart, secretEnd)] : [];
}

function slice(input: Uint8Array, start: number, end: number): string {
  return textOf(input.subarray(start, end));
}

function block(input: Uint8Array, request: Request): string {
  return JSON.stringify(slice(input, request.next, request.next + request.swallowBytes));
}

/** A 64-bit number in halves, in decimal. */
export function decimal(low: number, high: number): string {
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString();
}
