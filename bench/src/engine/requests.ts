// What a client would send, for each workload of the engine benchmark: whole requests as bytes, made before anything is
// measured. Keys of 32 bytes, flags 0 to 9, values of letters. Called by workloads.ts, and by engine.ts to store the items.
// A row's keys name its number of keys and its length of values, so that rows of different items do not meet.
const KEY_BYTES = 32;
const NUMBER_DIGITS = 8;
const HEADER_BYTES = 24;
const Opcode = { GET: 0x00, SET: 0x01 } as const;

export type DialectName = 'text' | 'meta' | 'binary';

/** The keys of which a row takes some, and the values under them: rows with equal numbers share their items. */
export interface KeySpace {
  readonly keyCount: number;
  readonly valueBytes: number;
}

function keyOf({ keyCount, valueBytes }: KeySpace, number: number): string {
  const digits = String(number).padStart(NUMBER_DIGITS, '0');
  return `e-${keyCount}-${valueBytes}-`.padEnd(KEY_BYTES - NUMBER_DIGITS, '-') + digits;
}

export function getRequest(dialect: DialectName, keys: KeySpace, number: number): Buffer {
  if (dialect === 'text') return Buffer.from(`get ${keyOf(keys, number)}\r\n`);
  if (dialect === 'meta') return Buffer.from(`mg ${keyOf(keys, number)} k f v\r\n`);
  return frame(Opcode.GET, Buffer.alloc(0), keyOf(keys, number), '');
}

export function setRequest(dialect: DialectName, keys: KeySpace, number: number): Buffer {
  const { valueBytes } = keys;
  const value = String(number).padEnd(valueBytes, 'value ').slice(0, valueBytes);
  const flags = number % 10;
  if (dialect === 'text') return Buffer.from(`set ${keyOf(keys, number)} ${flags} 0 ${valueBytes}\r\n${value}\r\n`);
  if (dialect === 'meta') return Buffer.from(`ms ${keyOf(keys, number)} ${valueBytes} F${flags}\r\n${value}\r\n`);
  const extras = Buffer.alloc(8);
  extras[3] = flags;
  return frame(Opcode.SET, extras, keyOf(keys, number), value);
}

export function manyKeysRequest(keys: KeySpace, numbers: readonly number[]): Buffer {
  return Buffer.from(`get ${numbers.map((number) => keyOf(keys, number)).join(' ')}\r\n`);
}

/** doc/protocol-binary.txt: magic, opcode, key and extras length, data type and vbucket, body length, opaque, CAS. */
function frame(opcode: number, extras: Buffer, key: string, value: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  return Buffer.concat([header, extras, Buffer.from(key + value)]);
}
