/**
 * The requests of the pipelines hammer, and what their answers must look like: each answer names its key or carries the
 * number of its request, so that a reply which is lost, doubled or in another's place is seen at once.
 *
 * Small on purpose and independent of @shoal/protocol, which must not check itself. `read` answers where the answer ends,
 * −1 while it is not complete, and throws when it is wrong.
 */
import type { RandomBytes } from '../harness/random-bytes.js';
import { complaintAbout, namedValue, VERSIONS } from './named-values.js';

export interface PipelinedRequest {
  readonly bytes: Buffer;
  /** What is told of it when its answer is wrong. */
  readonly name: string;
  read(input: Buffer, at: number): number;
}

export interface RequestChoices {
  readonly keys: readonly string[];
  /** Items may be evicted, so that any read may miss. */
  readonly mayMiss: boolean;
  /** Once in how many stores a value is one of many chunks; Infinity: never. */
  readonly largeOneIn: number;
}

const KEYS_OF_A_GET_MAX = 20;
const LINE_END = '\r\n';

/** The next request of a mix; `number` is different for each request of a connection. */
export function randomRequest(random: RandomBytes, choices: RequestChoices, number: number): PipelinedRequest {
  const key = random.oneOf(choices.keys);
  const kind = random.below(20);
  if (kind < 9) return get([key], choices.mayMiss);
  if (kind < 11) return get(randomKeys(random, choices.keys), choices.mayMiss);
  if (kind < 14) return metaGet(key, number, choices.mayMiss);
  const version = random.below(choices.largeOneIn) === 0 ? VERSIONS - 1 : random.below(VERSIONS - 1);
  return kind < 17 ? set(key, version) : metaSet(key, version, number);
}

function randomKeys(random: RandomBytes, keys: readonly string[]): string[] {
  return Array.from({ length: 1 + random.below(KEYS_OF_A_GET_MAX) }, () => random.oneOf(keys));
}

export function set(key: string, version: number): PipelinedRequest {
  const { flags, bytes } = namedValue(key, version);
  const head = Buffer.from(`set ${key} ${flags} 0 ${bytes.length}\r\n`, 'latin1');
  return {
    name: `set ${key}`,
    bytes: Buffer.concat([head, bytes, Buffer.from(LINE_END)]),
    read: (input, at) => readLine(input, at, (line) => line === 'STORED'),
  };
}

function metaSet(key: string, version: number, number: number): PipelinedRequest {
  const { flags, bytes } = namedValue(key, version);
  const head = Buffer.from(`ms ${key} ${bytes.length} F${flags} k O${number}\r\n`, 'latin1');
  return {
    name: `ms ${key} O${number}`,
    bytes: Buffer.concat([head, bytes, Buffer.from(LINE_END)]),
    read: (input, at) => readLine(input, at, (line) => line === `HD k${key} O${number}`),
  };
}

function get(keys: readonly string[], mayMiss: boolean): PipelinedRequest {
  const name = `get ${keys.join(' ')}`;
  return {
    name,
    bytes: Buffer.from(name + LINE_END, 'latin1'),
    read: (input, at) => readValues(input, at, keys, mayMiss),
  };
}

function metaGet(key: string, number: number, mayMiss: boolean): PipelinedRequest {
  const name = `mg ${key} v f k O${number}`;
  return {
    name,
    bytes: Buffer.from(name + LINE_END, 'latin1'),
    read: (input, at) => readMetaValue(input, at, { key, number, mayMiss }),
  };
}

function readLine(input: Buffer, at: number, isRight: (line: string) => boolean): number {
  const end = input.indexOf(LINE_END, at);
  if (end < 0) return -1;
  const line = input.toString('latin1', at, end);
  if (!isRight(line)) throw new Error(`answered by ${JSON.stringify(line.slice(0, 200))}`);
  return end + LINE_END.length;
}

/** Values in the order of the keys; a key that is missed is passed over. */
function readValues(input: Buffer, at: number, keys: readonly string[], mayMiss: boolean): number {
  let next = 0;
  for (let from = at; ; ) {
    const lineEnd = input.indexOf(LINE_END, from);
    if (lineEnd < 0) return -1;
    const line = input.toString('latin1', from, lineEnd);
    if (line === 'END') {
      if (!mayMiss && next < keys.length) throw new Error(`without the value of ${keys[next]}`);
      return lineEnd + LINE_END.length;
    }
    const [, key, flags, length] = /^VALUE (\S+) (\d+) (\d+)$/.exec(line) ?? [];
    const index = key === undefined ? -1 : keys.indexOf(key, next);
    if (index < 0 || (!mayMiss && index > next)) throw new Error(`answered by ${JSON.stringify(line.slice(0, 200))}`);
    next = index + 1;
    from = readBlock(input, lineEnd + LINE_END.length, { key, flags: Number(flags), length: Number(length) });
    if (from < 0) return -1;
  }
}

function readMetaValue(
  input: Buffer,
  at: number,
  { key, number, mayMiss }: { key: string; number: number; mayMiss: boolean },
): number {
  const lineEnd = input.indexOf(LINE_END, at);
  if (lineEnd < 0) return -1;
  const line = input.toString('latin1', at, lineEnd);
  if (mayMiss && line === `EN k${key} O${number}`) return lineEnd + LINE_END.length;
  const [, length, flags, rest] = /^VA (\d+) f(\d+) (.*)$/.exec(line) ?? [];
  if (rest !== `k${key} O${number}`) throw new Error(`answered by ${JSON.stringify(line.slice(0, 200))}`);
  return readBlock(input, lineEnd + LINE_END.length, { key, flags: Number(flags), length: Number(length) });
}

function readBlock(
  input: Buffer,
  at: number,
  { key, flags, length }: { key: string; flags: number; length: number },
): number {
  const end = at + length + LINE_END.length;
  if (end > input.length) return -1;
  const complaint = complaintAbout(key, flags, input.subarray(at, at + length));
  if (complaint !== null) throw new Error(`answered for ${key} by ${complaint}`);
  if (input.toString('latin1', at + length, end) !== LINE_END)
    throw new Error(`answered for ${key} without a line end`);
  return end;
}
