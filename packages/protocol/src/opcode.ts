/**
 * Binary opcodes, and the tables that turn one into an operation and a quiet mark.
 *
 * Numbers: memcached's protocol_binary.h; 0x1b from doc/protocol-binary.txt; 0x60 to 0x68 from ElastiCache's
 * libmemcached fork (reference/elasticache.md 1.2). Used by the binary decoder and by the encoders.
 */

import { Op } from './request.js';

export const Opcode = {
  GET: 0x00,
  SET: 0x01,
  ADD: 0x02,
  REPLACE: 0x03,
  DELETE: 0x04,
  INCREMENT: 0x05,
  DECREMENT: 0x06,
  QUIT: 0x07,
  FLUSH: 0x08,
  GETQ: 0x09,
  NOOP: 0x0a,
  VERSION: 0x0b,
  GETK: 0x0c,
  GETKQ: 0x0d,
  APPEND: 0x0e,
  PREPEND: 0x0f,
  STAT: 0x10,
  SETQ: 0x11,
  ADDQ: 0x12,
  REPLACEQ: 0x13,
  DELETEQ: 0x14,
  INCREMENTQ: 0x15,
  DECREMENTQ: 0x16,
  QUITQ: 0x17,
  FLUSHQ: 0x18,
  APPENDQ: 0x19,
  PREPENDQ: 0x1a,
  VERBOSITY: 0x1b,
  TOUCH: 0x1c,
  GAT: 0x1d,
  GATQ: 0x1e,
  SASL_LIST_MECHS: 0x20,
  SASL_AUTH: 0x21,
  SASL_STEP: 0x22,
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
  CONFIG_LIST: 0x68,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** In OPCODE_OPS: no such command, answered "Unknown command". */
export const OPCODE_UNKNOWN = 255;

/** opcode, operation, quiet. */
const OPCODES: readonly (readonly [number, number, boolean])[] = [
  [Opcode.GET, Op.GET, false],
  [Opcode.GETQ, Op.GET, true],
  [Opcode.GETK, Op.GETK, false],
  [Opcode.GETKQ, Op.GETK, true],
  [Opcode.GAT, Op.GAT, false],
  [Opcode.GATQ, Op.GAT, true],
  [Opcode.GATK, Op.GATK, false],
  [Opcode.GATKQ, Op.GATK, true],
  [Opcode.TOUCH, Op.TOUCH, false],
  [Opcode.SET, Op.SET, false],
  [Opcode.SETQ, Op.SET, true],
  [Opcode.ADD, Op.ADD, false],
  [Opcode.ADDQ, Op.ADD, true],
  [Opcode.REPLACE, Op.REPLACE, false],
  [Opcode.REPLACEQ, Op.REPLACE, true],
  [Opcode.APPEND, Op.APPEND, false],
  [Opcode.APPENDQ, Op.APPEND, true],
  [Opcode.PREPEND, Op.PREPEND, false],
  [Opcode.PREPENDQ, Op.PREPEND, true],
  [Opcode.DELETE, Op.DELETE, false],
  [Opcode.DELETEQ, Op.DELETE, true],
  [Opcode.INCREMENT, Op.INCR, false],
  [Opcode.INCREMENTQ, Op.INCR, true],
  [Opcode.DECREMENT, Op.DECR, false],
  [Opcode.DECREMENTQ, Op.DECR, true],
  [Opcode.QUIT, Op.QUIT, false],
  [Opcode.QUITQ, Op.QUIT, true],
  [Opcode.FLUSH, Op.FLUSH_ALL, false],
  [Opcode.FLUSHQ, Op.FLUSH_ALL, true],
  [Opcode.NOOP, Op.NOOP, false],
  [Opcode.VERSION, Op.VERSION, false],
  [Opcode.STAT, Op.STATS, false],
  [Opcode.VERBOSITY, Op.VERBOSITY, false],
  [Opcode.CONFIG_GET, Op.CONFIG_GET, false],
  [Opcode.CONFIG_GETQ, Op.CONFIG_GET, true],
  [Opcode.CONFIG_GETK, Op.CONFIG_GETK, false],
  [Opcode.CONFIG_GETKQ, Op.CONFIG_GETK, true],
  [Opcode.CONFIG_SET, Op.CONFIG_SET, false],
  [Opcode.CONFIG_SETQ, Op.CONFIG_SET, true],
  [Opcode.CONFIG_DELETE, Op.CONFIG_DELETE, false],
  [Opcode.CONFIG_DELETEQ, Op.CONFIG_DELETE, true],
  [Opcode.CONFIG_LIST, Op.CONFIG_LIST, false],
];

/** `Op` of each opcode, OPCODE_UNKNOWN where there is none. */
export const OPCODE_OPS: Uint8Array = new Uint8Array(256).fill(OPCODE_UNKNOWN);

/** 1 for the opcodes whose nominal reply is left out (hits of the get family are still sent). */
export const OPCODE_QUIET: Uint8Array = new Uint8Array(256);

for (const [opcode, op, quiet] of OPCODES) {
  OPCODE_OPS[opcode] = op;
  OPCODE_QUIET[opcode] = quiet ? 1 : 0;
}
