/**
 * What the allocation test sends and expects, one kind of work each: a fixed batch of requests whose reply is always the same.
 *
 * Called by allocation.ts. Whatever a batch changes it sets back, so that it can be repeated for ever; `prepare` makes the items
 * that it needs. Every connection of the load uses the same keys.
 */
export interface Exchange {
  readonly name: string;
  readonly prepare: readonly string[];
  readonly request: Buffer;
  /** Only its length is compared where a number in it changes. */
  readonly reply: Buffer;
  readonly isFixed: boolean;
  readonly operations: number;
  /** The request leaves in two writes, cut there; 0: in one. */
  readonly cutAt: number;
}

const SMALL = 'x'.repeat(100);
const LARGE = 'y'.repeat(8000);
const DEPTH = 16;
const KEYS = 50;
const BINARY_HEADER_BYTES = 24;
const MAGIC_REQUEST = 0x80;
const MAGIC_RESPONSE = 0x81;
const OPCODE_GET = 0x00;
const OPCODE_SET = 0x01;
const EXTRAS_OF_GET_BYTES = 4;
const EXTRAS_OF_SET_BYTES = 8;

function keyOf(index: number): string {
  return `hygiene:key:${String(index).padStart(20, '0')}`;
}

function store(key: string, value: string): string {
  return `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
}

const SMALL_ITEMS = Array.from({ length: KEYS }, (_, index) => store(keyOf(index), SMALL));
const LARGE_ITEMS = [store('large', LARGE)];

interface Sketch {
  readonly name: string;
  readonly request: string | Buffer;
  readonly reply: string | Buffer;
  readonly operations?: number;
  readonly prepare?: readonly string[];
  readonly isFixed?: boolean;
  readonly cutAt?: number;
}

function exchange({ name, request, reply, operations = 1, prepare = [], isFixed = true, cutAt = 0 }: Sketch): Exchange {
  return { name, prepare, request: Buffer.from(request), reply: Buffer.from(reply), operations, isFixed, cutAt };
}

function times(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join('');
}

function value(key: string): string {
  return `VALUE ${key} 0 ${SMALL.length}\r\n${SMALL}\r\n`;
}

function frame(magic: number, opcode: number, parts: { extras: number; key?: string; value?: string }): Buffer {
  const { extras, key = '', value = '' } = parts;
  const bytes = Buffer.alloc(BINARY_HEADER_BYTES + extras + key.length + value.length);
  bytes.writeUInt8(magic, 0);
  bytes.writeUInt8(opcode, 1);
  bytes.writeUInt16BE(key.length, 2);
  bytes.writeUInt8(extras, 4);
  bytes.writeUInt32BE(extras + key.length + value.length, 8);
  bytes.write(key + value, BINARY_HEADER_BYTES + extras, 'latin1');
  return bytes;
}

function repeated(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

const META_FLAGS = 'f v t h l s k O123';

function textExchanges(): Exchange[] {
  const get = `get ${keyOf(0)}\r\n`;
  const set = store(keyOf(0), SMALL);
  return [
    exchange({ name: 'get', request: get, reply: `${value(keyOf(0))}END\r\n`, prepare: SMALL_ITEMS }),
    exchange({ name: 'set', request: set, reply: 'STORED\r\n' }),
    exchange({
      name: 'get, 16 pipelined',
      request: times(DEPTH, (index) => `get ${keyOf(index)}\r\n`),
      reply: times(DEPTH, (index) => `${value(keyOf(index))}END\r\n`),
      operations: DEPTH,
      prepare: SMALL_ITEMS,
    }),
    exchange({
      name: 'set, 16 pipelined',
      request: times(DEPTH, (index) => store(keyOf(index), SMALL)),
      reply: times(DEPTH, () => 'STORED\r\n'),
      operations: DEPTH,
    }),
    exchange({
      name: 'get of 50 keys',
      request: `get ${Array.from({ length: KEYS }, (_, index) => keyOf(index)).join(' ')}\r\n`,
      reply: `${times(KEYS, (index) => value(keyOf(index)))}END\r\n`,
      operations: KEYS,
      prepare: SMALL_ITEMS,
    }),
    exchange({
      name: 'get of 8,000 bytes',
      request: 'get large\r\n',
      reply: `VALUE large 0 ${LARGE.length}\r\n${LARGE}\r\nEND\r\n`,
      prepare: LARGE_ITEMS,
    }),
    exchange({ name: 'set of 8,000 bytes', request: LARGE_ITEMS[0], reply: 'STORED\r\n' }),
    exchange({ name: 'get, a miss', request: 'get nothing:here\r\n', reply: 'END\r\n' }),
  ];
}

function changeExchanges(): Exchange[] {
  const pair = (index: number): string => `${store(keyOf(index), SMALL)}delete ${keyOf(index)}\r\n`;
  return [
    exchange({
      name: 'set and delete, 16 pipelined',
      request: times(DEPTH / 2, pair),
      reply: times(DEPTH / 2, () => 'STORED\r\nDELETED\r\n'),
      operations: DEPTH,
    }),
    exchange({
      name: 'incr',
      request: 'incr counter 1\r\n',
      reply: '1000000000\r\n',
      isFixed: false,
      prepare: [store('counter', '1000000000')],
    }),
    exchange({ name: 'touch', request: `touch ${keyOf(0)} 0\r\n`, reply: 'TOUCHED\r\n', prepare: SMALL_ITEMS }),
    exchange({
      name: 'get that comes in two parts',
      request: `get ${keyOf(0)}\r\n`,
      reply: `${value(keyOf(0))}END\r\n`,
      prepare: SMALL_ITEMS,
      cutAt: 10,
    }),
    exchange({
      name: 'set that comes in two parts',
      request: store(keyOf(0), SMALL),
      reply: 'STORED\r\n',
      cutAt: 100,
    }),
  ];
}

function metaExchanges(): Exchange[] {
  const key = keyOf(0);
  return [
    exchange({
      name: 'meta get, 16 pipelined',
      request: times(DEPTH, (index) => `mg ${keyOf(index)} v\r\n`),
      reply: times(DEPTH, () => `VA ${SMALL.length}\r\n${SMALL}\r\n`),
      operations: DEPTH,
      prepare: SMALL_ITEMS,
    }),
    exchange({
      name: 'meta get with eight flags',
      request: `mg ${key} ${META_FLAGS}\r\n`,
      reply: `VA ${SMALL.length} f0 t-1 h1 l0 s${SMALL.length} k${key} O123\r\n${SMALL}\r\n`,
      isFixed: false,
      prepare: SMALL_ITEMS,
    }),
    exchange({
      name: 'meta set with flags',
      request: `ms ${key} ${SMALL.length} T0 F5 O123 k\r\n${SMALL}\r\n`,
      reply: `HD O123 k${key}\r\n`,
    }),
  ];
}

function binaryExchanges(): Exchange[] {
  const get = (index: number): Buffer => frame(MAGIC_REQUEST, OPCODE_GET, { extras: 0, key: keyOf(index) });
  const found = (): Buffer => frame(MAGIC_RESPONSE, OPCODE_GET, { extras: EXTRAS_OF_GET_BYTES, value: SMALL });
  const set = (index: number): Buffer =>
    frame(MAGIC_REQUEST, OPCODE_SET, { extras: EXTRAS_OF_SET_BYTES, key: keyOf(index), value: SMALL });
  return [
    exchange({
      name: 'binary get, 16 pipelined',
      request: repeated(DEPTH, get),
      reply: repeated(DEPTH, found),
      operations: DEPTH,
      isFixed: false,
      prepare: SMALL_ITEMS,
    }),
    exchange({
      name: 'binary set, 16 pipelined',
      request: repeated(DEPTH, set),
      reply: repeated(DEPTH, () => Buffer.alloc(BINARY_HEADER_BYTES)),
      operations: DEPTH,
      isFixed: false,
    }),
  ];
}

export function allExchanges(): Exchange[] {
  return [...textExchanges(), ...changeExchanges(), ...metaExchanges(), ...binaryExchanges()];
}
