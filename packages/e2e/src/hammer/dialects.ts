/**
 * The three dialects as the hammer speaks them: an operation becomes bytes, an answer becomes an outcome. Small on purpose
 * and independent of @shoal/protocol, which must not check itself.
 */
import type { Operation, Outcome } from './operations.js';

export interface Read {
  readonly outcome: Outcome;
  readonly end: number;
}

export interface Dialect {
  readonly name: string;
  encode(operation: Operation): Buffer;
  /** The answer to `operation` at `at`, or null while it is not complete. */
  read(operation: Operation, bytes: Buffer, at: number): Read | null;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function lineAt(bytes: Buffer, at: number): { line: string; end: number } | null {
  const end = bytes.indexOf('\r\n', at);
  return end < 0 ? null : { line: bytes.toString('latin1', at, end), end: end + 2 };
}

/** A value block of `length` bytes at `at`, with its CR LF. */
function blockAt(bytes: Buffer, at: number, length: number): { value: string; end: number } | null {
  if (bytes.length < at + length + 2) return null;
  return { value: bytes.toString('latin1', at, at + length), end: at + length + 2 };
}

const WORDS: Record<string, Outcome['kind']> = {
  STORED: 'done',
  DELETED: 'done',
  TOUCHED: 'done',
  HD: 'done',
  NOT_STORED: 'refused',
  NS: 'refused',
  NOT_FOUND: 'missing',
  NF: 'missing',
  EN: 'missing',
  END: 'missing',
  EXISTS: 'exists',
  EX: 'exists',
  'CLIENT_ERROR cannot increment or decrement non-numeric value': 'not a number',
};

function outcomeOfLine(line: string, end: number): Read {
  const kind = WORDS[line];
  if (kind === undefined) throw new Error(`Cannot read the answer "${line.slice(0, 200)}"`);
  return { outcome: { kind } as Outcome, end };
}

export const textDialect: Dialect = {
  name: 'text',
  encode(operation) {
    const { kind, key } = operation;
    switch (kind) {
      case 'get':
        return latin1(`gets ${key}\r\n`);
      case 'delete':
        return latin1(`delete ${key}\r\n`);
      case 'touch':
        return latin1(`touch ${key} 0\r\n`);
      case 'incr':
      case 'decr':
        return latin1(`${kind} ${key} ${operation.delta}\r\n`);
      case 'cas':
        return latin1(
          `cas ${key} ${operation.flags} 0 ${operation.value.length} ${operation.cas}\r\n${operation.value}\r\n`,
        );
      case 'append':
      case 'prepend':
        return latin1(`${kind} ${key} 0 0 ${operation.value.length}\r\n${operation.value}\r\n`);
      default:
        return latin1(`${kind} ${key} ${operation.flags} 0 ${operation.value.length}\r\n${operation.value}\r\n`);
    }
  },
  read(_operation, bytes, at) {
    const first = lineAt(bytes, at);
    if (first === null) return null;
    if (/^\d+$/.test(first.line)) return { outcome: { kind: 'number', number: BigInt(first.line) }, end: first.end };
    const value = /^VALUE \S+ (\d+) (\d+) (\d+)$/.exec(first.line);
    if (value === null) return outcomeOfLine(first.line, first.end);
    const block = blockAt(bytes, first.end, Number(value[2]));
    const last = block === null ? null : lineAt(bytes, block.end);
    if (block === null || last === null) return null;
    if (last.line !== 'END') throw new Error(`Cannot read "${last.line}" where END must stand`);
    const found: Outcome = { kind: 'value', value: block.value, flags: Number(value[1]), cas: BigInt(value[3]) };
    return { outcome: found, end: last.end };
  },
};

const META_MODES: Record<string, string> = { set: 'MS', add: 'ME', replace: 'MR', append: 'MA', prepend: 'MP' };

export const metaDialect: Dialect = {
  name: 'meta',
  encode(operation) {
    const { kind, key } = operation;
    switch (kind) {
      case 'get':
        return latin1(`mg ${key} f c v\r\n`);
      case 'delete':
        return latin1(`md ${key}\r\n`);
      case 'touch':
        return latin1(`mg ${key} T0\r\n`);
      case 'incr':
      case 'decr':
        return latin1(`ma ${key} v ${kind === 'incr' ? 'MI' : 'MD'} D${operation.delta}\r\n`);
      case 'cas':
        return latin1(
          `ms ${key} ${operation.value.length} F${operation.flags} C${operation.cas}\r\n${operation.value}\r\n`,
        );
      case 'append':
      case 'prepend':
        return latin1(`ms ${key} ${operation.value.length} ${META_MODES[kind]}\r\n${operation.value}\r\n`);
      default:
        return latin1(
          `ms ${key} ${operation.value.length} F${operation.flags} ${META_MODES[kind]}\r\n${operation.value}\r\n`,
        );
    }
  },
  read(operation, bytes, at) {
    const first = lineAt(bytes, at);
    if (first === null) return null;
    const value = /^VA (\d+)(?: f(\d+) c(\d+))?$/.exec(first.line);
    if (value === null) return outcomeOfLine(first.line, first.end);
    const block = blockAt(bytes, first.end, Number(value[1]));
    if (block === null) return null;
    if (operation.kind !== 'get') return { outcome: { kind: 'number', number: BigInt(block.value) }, end: block.end };
    const found: Outcome = { kind: 'value', value: block.value, flags: Number(value[2]), cas: BigInt(value[3]) };
    return { outcome: found, end: block.end };
  },
};

const HEADER_BYTES = 24;
const OPCODES = {
  get: 0x00,
  set: 0x01,
  cas: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  incr: 0x05,
  decr: 0x06,
  append: 0x0e,
  prepend: 0x0f,
  touch: 0x1c,
} as const;
const STATUSES: Record<number, Outcome['kind']> = { 1: 'missing', 2: 'exists', 5: 'refused', 6: 'not a number' };
const NO_INITIAL = 0xffff_ffff;

function binaryExtras(operation: Operation): Buffer {
  switch (operation.kind) {
    case 'set':
    case 'add':
    case 'replace':
    case 'cas': {
      const extras = Buffer.alloc(8);
      extras.writeUInt32BE(operation.flags);
      return extras;
    }
    case 'incr':
    case 'decr': {
      const extras = Buffer.alloc(20);
      extras.writeBigUInt64BE(operation.delta);
      extras.writeUInt32BE(NO_INITIAL, 16);
      return extras;
    }
    default:
      return Buffer.alloc(operation.kind === 'touch' ? 4 : 0);
  }
}

export const binaryDialect: Dialect = {
  name: 'binary',
  encode(operation) {
    const extras = binaryExtras(operation);
    const body = Buffer.concat([extras, latin1(operation.key), latin1('value' in operation ? operation.value : '')]);
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = 0x80;
    header[1] = OPCODES[operation.kind];
    header.writeUInt16BE(operation.key.length, 2);
    header[4] = extras.length;
    header.writeUInt32BE(body.length, 8);
    if (operation.kind === 'cas') header.writeBigUInt64BE(operation.cas, 16);
    return Buffer.concat([header, body]);
  },
  read(operation, bytes, at) {
    if (bytes.length < at + HEADER_BYTES) return null;
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 8);
    if (bytes.length < end) return null;
    if (bytes[at] !== 0x81 || bytes[at + 1] !== OPCODES[operation.kind])
      throw new Error('Cannot read the frame: wrong answer');
    const status = bytes.readUInt16BE(at + 6);
    return {
      outcome: status === 0 ? found(operation, bytes, at, end) : ({ kind: failure(operation, status) } as Outcome),
      end,
    };
  },
};

/** Add and Replace say with "exists" and "not found" what the other dialects call not stored. */
function failure(operation: Operation, status: number): Outcome['kind'] {
  if (operation.kind === 'add' || operation.kind === 'replace') return 'refused';
  const kind = STATUSES[status];
  if (kind === undefined) throw new Error(`Cannot read the frame: status ${status}`);
  return kind;
}

function found(operation: Operation, bytes: Buffer, at: number, end: number): Outcome {
  const valueAt = at + HEADER_BYTES + bytes[at + 4];
  if (operation.kind === 'incr' || operation.kind === 'decr') {
    return { kind: 'number', number: bytes.readBigUInt64BE(valueAt) };
  }
  if (operation.kind !== 'get') return { kind: 'done' };
  const flags = bytes.readUInt32BE(at + HEADER_BYTES);
  return { kind: 'value', value: bytes.toString('latin1', valueAt, end), flags, cas: bytes.readBigUInt64BE(at + 16) };
}
