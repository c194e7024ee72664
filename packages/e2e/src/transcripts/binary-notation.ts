/**
 * Binary frames in a transcript, one a line:
 *
 *   >> SET key=a flags=7 value=hello opaque=1        24 bytes of header, extras, key and value, encoded here
 *   << SET cas={c=int} opaque=1                      every field not named must be zero or empty
 *
 * A frame's fields are compared one by one, so the message names the field that differs. Lengths follow from the
 * content unless a line sets `magic= extlen= keylen= bodylen= datatype= vbucket=` itself, which is how malformed
 * frames are written; `extras=HEX` (or `extras=none`) replaces the extras that the opcode would have.
 * This codec is deliberately not @shoal/protocol's: a mistake there must not hide itself here.
 */
import { matchSegments, show } from './matcher.js';
import { type Captures, parseNotation, renderSegments, type Segment } from './notation.js';

export interface Frame {
  readonly source: string;
  readonly opcode: number;
  readonly fields: ReadonlyMap<string, Segment[]>;
}

export const HEADER_BYTES = 24;

// protocol_binary.txt section 3.3; 0x60 on: ElastiCache's discovery.
const OPCODES = [
  'GET SET ADD REPLACE DELETE INCR DECR QUIT FLUSH GETQ NOOP VERSION GETK GETKQ APPEND PREPEND STAT',
  'SETQ ADDQ REPLACEQ DELETEQ INCRQ DECRQ QUITQ FLUSHQ APPENDQ PREPENDQ VERBOSITY TOUCH GAT GATQ',
].flatMap((line) => line.split(' '));
const FURTHER_OPCODES: Record<string, number> = {
  SASL_LIST: 0x20,
  SASL_AUTH: 0x21,
  GATK: 0x23,
  GATKQ: 0x24,
  CONFIG_GET: 0x60,
  CONFIG_GETQ: 0x61,
  CONFIG_GETK: 0x62,
  CONFIG_GETKQ: 0x63,
  CONFIG_SET: 0x64,
  CONFIG_SETQ: 0x65,
  CONFIG_DELETE: 0x66,
  CONFIG_DELETEQ: 0x67,
};

const STATUSES: Record<string, number> = {
  ok: 0x00,
  'not-found': 0x01,
  exists: 0x02,
  'too-large': 0x03,
  invalid: 0x04,
  'not-stored': 0x05,
  'non-numeric': 0x06,
  'auth-error': 0x20,
  'unknown-command': 0x81,
  'out-of-memory': 0x82,
  'not-supported': 0x83,
};

const EXTRAS = [
  { name: 'flags', bytes: 4 },
  { name: 'delta', bytes: 8 },
  { name: 'initial', bytes: 8 },
  { name: 'exptime', bytes: 4 },
  { name: 'level', bytes: 4 },
] as const;

const REQUEST_EXTRAS: Record<string, readonly string[]> = {
  ...forOpcodes('SET SETQ ADD ADDQ REPLACE REPLACEQ', ['flags', 'exptime']),
  ...forOpcodes('INCR INCRQ DECR DECRQ', ['delta', 'initial', 'exptime']),
  ...forOpcodes('TOUCH GAT GATQ GATK GATKQ', ['exptime']),
  ...forOpcodes('CONFIG_SET CONFIG_SETQ', ['flags']),
};
const RESPONSE_FLAGS = new Set(
  'GET GETQ GETK GETKQ TOUCH GAT GATQ GATK GATKQ CONFIG_GET CONFIG_GETQ CONFIG_GETK CONFIG_GETKQ'
    .split(' ')
    .map(opcodeOf),
);
const KNOWN_FIELDS = new Set(
  'key value number opaque cas status magic extlen keylen bodylen datatype vbucket extras'
    .split(' ')
    .concat(EXTRAS.map((extra) => extra.name)),
);

function forOpcodes(names: string, extras: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.split(' ').map((name) => [opcodeOf(name), extras]));
}

function opcodeOf(name: string): number {
  const index = OPCODES.indexOf(name);
  const opcode = index >= 0 ? index : (FURTHER_OPCODES[name] ?? Number(name));
  if (!Number.isInteger(opcode)) throw new Error(`Cannot read the frame: ${name} is no opcode`);
  return opcode;
}

export function parseFrame(source: string): Frame {
  const [, name, rest] = /^(\S+)(.*)$/s.exec(source.trim()) ?? [];
  if (name === undefined) throw new Error('Cannot read the frame: it is empty');
  const fields = new Map<string, Segment[]>();
  for (const [, field, quoted, bare] of rest.matchAll(/\s+(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    if (!KNOWN_FIELDS.has(field)) throw new Error(`Cannot read the frame "${source}": no field is called ${field}`);
    fields.set(field, parseNotation(quoted ?? bare));
  }
  return { source, opcode: opcodeOf(name), fields };
}

function text(frame: Frame, field: string, captures: Captures): string | undefined {
  const segments = frame.fields.get(field);
  return segments === undefined ? undefined : renderSegments(segments, captures).toString('latin1');
}

function numeric(frame: Frame, field: string, captures: Captures): bigint | undefined {
  const value = text(frame, field, captures);
  if (value === undefined) return undefined;
  return BigInt.asUintN(64, BigInt(field === 'status' ? (STATUSES[value] ?? value) : value));
}

function extrasOf(frame: Frame, wanted: readonly string[], captures: Captures): Buffer {
  const literal = text(frame, 'extras', captures);
  if (literal !== undefined) return literal === 'none' ? Buffer.alloc(0) : Buffer.from(literal, 'hex');
  const parts = EXTRAS.filter(({ name }) => wanted.includes(name) || frame.fields.has(name)).map(({ name, bytes }) => {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(numeric(frame, name, captures) ?? (name === 'delta' ? 1n : 0n));
    return part.subarray(8 - bytes);
  });
  return Buffer.concat(parts);
}

function bodyValue(frame: Frame, captures: Captures): Buffer {
  const number = numeric(frame, 'number', captures);
  if (number === undefined) return renderSegments(frame.fields.get('value') ?? [], captures);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(number);
  return bytes;
}

export function encodeRequest(frame: Frame, captures: Captures): Buffer {
  const extras = extrasOf(frame, REQUEST_EXTRAS[frame.opcode] ?? [], captures);
  const key = renderSegments(frame.fields.get('key') ?? [], captures);
  const value = bodyValue(frame, captures);
  const field = (name: string, otherwise: number) => Number(numeric(frame, name, captures) ?? otherwise);
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = field('magic', 0x80);
  header[1] = frame.opcode;
  header.writeUInt16BE(field('keylen', key.length), 2);
  header[4] = field('extlen', extras.length);
  header[5] = field('datatype', 0);
  header.writeUInt16BE(field('vbucket', 0), 6);
  header.writeUInt32BE(field('bodylen', extras.length + key.length + value.length), 8);
  header.writeUInt32BE(field('opaque', 0), 12);
  header.writeBigUInt64BE(numeric(frame, 'cas', captures) ?? 0n, 16);
  return Buffer.concat([header, extras, key, value]);
}

/** How many bytes the frame at `start` has, or 0 while its header is not complete. */
export function frameBytes(received: Buffer, start: number): number {
  if (received.length - start < HEADER_BYTES) return 0;
  return HEADER_BYTES + received.readUInt32BE(start + 8);
}

/** Compares one whole response frame; the answer is the first difference in words, or null. */
export function compareResponse(frame: Frame, received: Buffer, captures: Captures): string | null {
  const keyBytes = received.readUInt16BE(2);
  const extrasBytes = received[4];
  const status = Number(numeric(frame, 'status', captures) ?? 0n);
  const flags = status === 0 && RESPONSE_FLAGS.has(frame.opcode) ? ['flags'] : [];
  const keyAt = HEADER_BYTES + extrasBytes;
  const cas = Buffer.from(String(received.readBigUInt64BE(16)));
  const same = (name: string, got: number, wanted: number) =>
    got === wanted ? null : `${name} is 0x${got.toString(16)} instead of 0x${wanted.toString(16)}`;
  return (
    same('magic', received[0], 0x81) ??
    same('opcode', received[1], frame.opcode) ??
    same('status', received.readUInt16BE(6), status) ??
    same('data type', received[5], 0) ??
    same('opaque', received.readUInt32BE(12), Number(numeric(frame, 'opaque', captures) ?? 0n)) ??
    whole('cas', frame.fields.get('cas') ?? parseNotation('0'), cas, captures) ??
    sameBytes('extras', extrasOf(frame, flags, captures), received.subarray(HEADER_BYTES, keyAt)) ??
    whole('key', frame.fields.get('key') ?? [], received.subarray(keyAt, keyAt + keyBytes), captures) ??
    compareValue(frame, received.subarray(keyAt + keyBytes), captures)
  );
}

function compareValue(frame: Frame, got: Buffer, captures: Captures): string | null {
  if (frame.fields.has('number')) return sameBytes('value', bodyValue(frame, captures), got);
  return whole('value', frame.fields.get('value') ?? [], got, captures);
}

function sameBytes(name: string, wanted: Buffer, got: Buffer): string | null {
  return wanted.equals(got) ? null : `${name} are ${got.toString('hex')} instead of ${wanted.toString('hex')}`;
}

function whole(name: string, wanted: Segment[], got: Buffer, captures: Captures): string | null {
  const match = matchSegments(wanted, got, 0, captures, true);
  if (match.outcome === 'matched' && match.end === got.length) return null;
  return `${name} is "${show(got)}"${match.outcome === 'differs' ? `, wanted ${match.wanted} at ${match.at}` : ''}`;
}
