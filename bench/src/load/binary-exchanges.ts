// What the binary protocol says and must answer for each request of a workload. Used by workload.ts; see template.ts.
// 24-byte header: magic, opcode, key length (2), extras length, data type, vbucket or status (2), body length (4), opaque (4), CAS (8).
// The CAS of a reply cannot be foretold: it is zero in these pictures and reply-checker.ts passes over it.
// A get of many keys sends quiet GetKQ (0x0d), which answers with the key, and closes with NoOp (0x0a).
import { KEY_BYTES, type KeySpace, NUMBER_BYTES } from './key-space.js';
import type { DialectExchanges, Exchange, Picture } from './template.js';

export const HEADER_BYTES = 24;
export const CAS_AT = 16;
const OPAQUE_AT = 12;
const REQUEST_MAGIC = 0x80;
const REPLY_MAGIC = 0x81;
const Opcode = { GET: 0x00, SET: 0x01, NOOP: 0x0a, GETKQ: 0x0d } as const;
const KEY_NOT_FOUND = 1;

interface Frame {
  magic: number;
  opcode: number;
  status?: number;
  extrasBytes?: number;
  /** Prefix of the key that follows the extras; none when absent. */
  keyPrefix?: string;
  /** Text in place of a value (error replies). */
  message?: string;
  valueBytes?: number;
}

export function binaryExchanges(keys: KeySpace): DialectExchanges {
  const keyPrefix = keys.prefix(true);
  const { valueBytes } = keys;
  const ask = (opcode: number, more: Partial<Frame> = {}): Picture => frame({ magic: REQUEST_MAGIC, opcode, ...more });
  const answer = (opcode: number, more: Partial<Frame> = {}): Picture => frame({ magic: REPLY_MAGIC, opcode, ...more });
  const nothing: Exchange = { request: empty, reply: empty };
  const notFound = { status: KEY_NOT_FOUND, message: 'Not found' };
  return {
    get: { request: ask(Opcode.GET, { keyPrefix }), reply: answer(Opcode.GET, { extrasBytes: 4, valueBytes }) },
    set: { request: ask(Opcode.SET, { extrasBytes: 8, keyPrefix, valueBytes }), reply: answer(Opcode.SET) },
    miss: { request: ask(Opcode.GET, { keyPrefix: keys.prefix(false) }), reply: answer(Opcode.GET, notFound) },
    manyOpen: nothing,
    manyEach: {
      request: ask(Opcode.GETKQ, { keyPrefix }),
      reply: answer(Opcode.GETKQ, { extrasBytes: 4, keyPrefix, valueBytes }),
    },
    manyClose: { request: ask(Opcode.NOOP), reply: answer(Opcode.NOOP) },
    isBinary: true,
  };
}

const empty: Picture = {
  head: Buffer.alloc(0),
  tail: Buffer.alloc(0),
  hasValue: false,
  numberAt: -1,
  flagsAt: -1,
  flagsBase: 0,
  opaqueAt: -1,
};

/** Extras begin with the 4-byte flags, whose last byte is the one that varies; the expiry after them (SET) stays 0. */
function frame({
  magic,
  opcode,
  status = 0,
  extrasBytes = 0,
  keyPrefix,
  message = '',
  valueBytes = 0,
}: Frame): Picture {
  const keyBytes = keyPrefix === undefined ? 0 : KEY_BYTES;
  const head = Buffer.alloc(HEADER_BYTES + extrasBytes + keyBytes + message.length);
  head[0] = magic;
  head[1] = opcode;
  head.writeUInt16BE(keyBytes, 2);
  head[4] = extrasBytes;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(extrasBytes + keyBytes + message.length + valueBytes, 8);
  const keyAt = HEADER_BYTES + extrasBytes;
  if (keyPrefix !== undefined) head.write(keyPrefix, keyAt, 'latin1');
  head.write(message, keyAt + keyBytes, 'latin1');
  return {
    head,
    tail: Buffer.alloc(0),
    hasValue: valueBytes > 0,
    numberAt: keyPrefix === undefined ? -1 : keyAt + KEY_BYTES - NUMBER_BYTES,
    flagsAt: extrasBytes > 0 ? HEADER_BYTES + 3 : -1,
    flagsBase: 0,
    opaqueAt: OPAQUE_AT,
  };
}
