/**
 * Binary requests made of their meaning, and responses read back, for tests. Frames travel as latin1 text, like everything in Conversation.
 */
export interface Frame {
  readonly opcode: number;
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: string;
  readonly cas?: bigint;
  readonly opaque?: number;
}

export interface Response {
  readonly opcode: number;
  readonly status: number;
  readonly opaque: number;
  readonly cas: bigint;
  readonly extras: string;
  readonly key: string;
  readonly value: string;
}

const HEADER_BYTES = 24;

export function frame({ opcode, key = '', extras = Buffer.alloc(0), value = '', cas = 0n, opaque = 0 }: Frame): string {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(opaque, 12);
  header.writeBigUInt64BE(cas, 16);
  return header.toString('latin1') + extras.toString('latin1') + key + value;
}

/** Extras of set, add and replace. */
export function storeExtras(flags: number, exptime: number): Buffer {
  return Buffer.concat([uint32(flags), uint32(exptime)]);
}

/** Extras of increment and decrement. */
export function countExtras(delta: bigint, initial: bigint, exptime: number): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(delta, 0);
  numbers.writeBigUInt64BE(initial, 8);
  return Buffer.concat([numbers, uint32(exptime)]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** All the responses in `text`, of which nothing may be left over. */
export function responses(text: string): Response[] {
  const list: Response[] = [];
  for (let rest = Buffer.from(text, 'latin1'); rest.length > 0; ) {
    const keyStart = HEADER_BYTES + rest[4];
    const valueStart = keyStart + rest.readUInt16BE(2);
    const end = HEADER_BYTES + rest.readUInt32BE(8);
    if (rest[0] !== 0x81 || end > rest.length) throw new Error(`Cannot read a response from ${rest.toString('hex')}`);
    list.push({
      opcode: rest[1],
      status: rest.readUInt16BE(6),
      opaque: rest.readUInt32BE(12),
      cas: rest.readBigUInt64BE(16),
      extras: rest.toString('hex', HEADER_BYTES, keyStart),
      key: rest.toString('latin1', keyStart, valueStart),
      value: rest.toString('latin1', valueStart, end),
    });
    rest = rest.subarray(end);
  }
  return list;
}
