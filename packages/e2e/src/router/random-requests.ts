/**
 * Random requests of each dialect, from a seed: every data command, quiet and loud, with keys that collide, values of
 * many lengths, and now and then a line that is wrong. Used by the comparison of a router with a node.
 */

const KEYS = Array.from({ length: 24 }, (_, index) => `key-${index * index}`);
const LINE_OF_CAS = /(VALUE \S+ \d+ \d+) \d+\r\n/g;
const SECONDS_LEFT = / t\d+/g;
const HEADER_BYTES = 24;

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** A whole number of 0..limit-1 (xorshift). */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  of<Element>(elements: readonly Element[]): Element {
    return elements[this.below(elements.length)];
  }

  maybe<Element>(some: Element, otherwise: Element): Element {
    return this.below(3) === 0 ? some : otherwise;
  }
}

export interface Requests {
  readonly next: (random: Random) => Buffer;
  /** A request that ends a round, and the end of its answer. */
  readonly terminator: Buffer;
  readonly answeredBy: Buffer;
  readonly isBinary: boolean;
}

/** CAS values count per node, so they differ, and seconds may pass between two answers; everything else must be alike. */
export function comparable(answers: Buffer, { isBinary }: Requests): Buffer {
  if (!isBinary)
    return Buffer.from(
      answers.toString('latin1').replace(LINE_OF_CAS, '$1 CAS\r\n').replace(SECONDS_LEFT, ' t'),
      'latin1',
    );
  const copy = Buffer.from(answers);
  for (let at = 0; at + HEADER_BYTES <= copy.length; at += HEADER_BYTES + copy.readUInt32BE(at + 8)) {
    copy.fill(0, at + 16, at + 24);
  }
  return copy;
}

function value(random: Random): string {
  const length = random.of([0, 1, 2, 5, 30, 100, 1000, random.below(20_000)]);
  return random.maybe(`${random.below(1000)}`, 'v'.repeat(length));
}

function keys(random: Random): string {
  return Array.from({ length: 1 + random.below(7) }, () => random.of(KEYS)).join(' ');
}

const TEXT: readonly ((random: Random) => string)[] = [
  (random) => `get ${keys(random)}\r\n`,
  (random) => `gets ${keys(random)}${random.maybe(' ', '')}\r\n`,
  (random) => `gat ${random.below(500)} ${keys(random)}\r\n`,
  (random) => `gats 0 ${random.of(KEYS)}\n`,
  (random) => store(random, random.of(['set', 'set', 'set', 'add', 'replace', 'append', 'prepend'])),
  (random) => store(random, 'set'),
  (random) => `cas ${random.of(KEYS)} 0 0 1 999999999${random.maybe(' noreply', '')}\r\nx\r\n`,
  (random) => `delete ${random.of([...KEYS, 'noreply'])}${random.maybe(' noreply', '')}\r\n`,
  (random) =>
    `${random.of(['incr', 'decr'])} ${random.of(KEYS)} ${random.below(99)}${random.maybe(' noreply', '')}\r\n`,
  (random) => `touch ${random.of(KEYS)} ${random.below(1000)}${random.maybe(' noreply', '')}\r\n`,
  (random) =>
    random.of([
      'version\r\n',
      'bogus\r\n',
      'get\r\n',
      `get a ${'k'.repeat(251)}\r\n`,
      'set a 0 0\r\n',
      'set a x 0 1\r\nq\r\n',
      'incr a x\r\n',
      'verbosity 1\r\n',
      'set a 0 0 3\r\nlonger\r\n',
      'set a 0 0 3 noreply\r\nabcd\n',
      `get ${Array.from({ length: 250 }, () => random.of(KEYS)).join(' ')}\r\n`,
      'flush_all\r\n',
      'flush_all noreply\r\n',
    ]),
];

function store(random: Random, name: string): string {
  const body = value(random);
  const quiet = random.maybe(' noreply', '');
  return `${name} ${random.of(KEYS)} ${random.below(65_536)} ${random.of([0, 0, 500, -1])} ${body.length}${quiet}\r\n${body}\r\n`;
}

export const textRequests: Requests = {
  next: (random) => Buffer.from(random.of(TEXT)(random), 'latin1'),
  terminator: Buffer.from('mn\r\n'),
  answeredBy: Buffer.from('MN\r\n'),
  isBinary: false,
};

function metaKey(random: Random): { key: string; flags: string } {
  const key = random.of(KEYS);
  const flags = `${random.maybe(' k', '')}${random.maybe(' Oabc', '')}${random.maybe(' q', '')}`;
  return random.maybe({ key: Buffer.from(key).toString('base64'), flags: ` b${flags}` }, { key, flags });
}

const META: readonly ((random: Random) => string)[] = [
  (random) => line(random, 'mg', random.of([' v', ' v f s', ' t', ' v h', ' v N30', ' T30 v', ' ', ' s v'])),
  (random) => line(random, 'mg', ' v'),
  (random) => {
    const { key, flags } = metaKey(random);
    const body = value(random);
    const mode = random.of(['', ' MS', ' ME', ' MR', ' MA', ' MP', ' T100', ' F7', ' S1']);
    return `ms ${key} ${body.length}${mode}${flags}\r\n${body}\r\n`;
  },
  (random) => line(random, 'md', random.of(['', ' I T30', ' C5', ' x'])),
  (random) => line(random, 'ma', random.of(['', ' v', ' MD D3 v', ' N0 J5 v', ' D7'])),
  (random) =>
    random.of([
      'version\r\n',
      'mg\r\n',
      'mg a v v\r\n',
      'ms a x\r\n',
      'me missing\r\n',
      'mg a b\r\n',
      'ms a 2 q\r\nabc\r\n',
    ]),
];

function line(random: Random, name: string, wanted: string): string {
  const { key, flags } = metaKey(random);
  return `${name} ${key}${wanted}${flags}\r\n`;
}

export const metaRequests: Requests = {
  ...textRequests,
  next: (random) => Buffer.from(random.of(META)(random), 'latin1'),
};

interface Shape {
  readonly opcodes: readonly number[];
  readonly extras: (random: Random) => Buffer;
  readonly hasValue?: boolean;
}

const NONE = Buffer.alloc(0);
const u32 = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number >>> 0, index * 4);
  return bytes;
};

const SHAPES: readonly Shape[] = [
  { opcodes: [0x00, 0x09, 0x0c, 0x0d], extras: () => NONE },
  { opcodes: [0x00, 0x09, 0x0c, 0x0d], extras: () => NONE },
  { opcodes: [0x01, 0x02, 0x03, 0x11, 0x12, 0x13], extras: (random) => u32(random.below(99), 0), hasValue: true },
  { opcodes: [0x01, 0x11], extras: (random) => u32(random.below(99), 0), hasValue: true },
  { opcodes: [0x0e, 0x0f, 0x19, 0x1a], extras: () => NONE, hasValue: true },
  { opcodes: [0x04, 0x14], extras: () => NONE },
  { opcodes: [0x05, 0x06, 0x15, 0x16], extras: (random) => u32(0, random.below(9), 0, 5, random.of([0, 0xffffffff])) },
  { opcodes: [0x1c, 0x1d, 0x1e, 0x23, 0x24], extras: () => u32(500) },
];

function frame(opcode: number, key: string, extras: Buffer, body: string, opaque: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + body.length, 8);
  header.writeUInt32BE(opaque, 12);
  return Buffer.concat([header, extras, Buffer.from(key), Buffer.from(body)]);
}

function nextFrame(random: Random): Buffer {
  if (random.below(12) === 0) return frame(random.of([0x0a, 0x0b, 0x50, 0x1f]), '', NONE, '', 3);
  const { opcodes, extras, hasValue } = random.of(SHAPES);
  return frame(random.of(opcodes), random.of(KEYS), extras(random), hasValue ? value(random) : '', random.below(1e9));
}

const LAST_OPAQUE = 0x7fffffff;

export const binaryRequests: Requests = {
  next: nextFrame,
  terminator: frame(0x0a, '', NONE, '', LAST_OPAQUE),
  answeredBy: Buffer.concat([Buffer.from([0x81, 0x0a]), Buffer.alloc(10), u32(LAST_OPAQUE), Buffer.alloc(8)]),
  isBinary: true,
};
