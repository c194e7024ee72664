/**
 * A get, gets, gat or gats of several keys: each key asked of its owner, the values joined in the order of the request.
 *
 * A line is worked off in groups of GROUP_KEYS_MAX keys, so that what is held at one time is bounded however long the line is. A node
 * answers the keys that it has in the order it was asked, so joining needs no table: the next value of an owner either
 * is the key's, or the key is missed. A group whose answers are too large to be kept is asked again key by key.
 */
import {
  ByteWriter,
  Decoded,
  NextKey,
  nextKey,
  Op,
  ReplyKind,
  Request,
  readTextReply,
  Status,
  TextReply,
  writeStatus,
} from '@shoal/protocol';
import type { Asker, KeyLine } from './asker.js';
import { isLegacyKey, writeLegacyValue } from './discovery.js';
import { Exchange, type Regatherer, ReplyShape, type ReplySink } from './exchange.js';
import { failureLine } from './failure-reply.js';
import { writeBytes } from './forwarding.js';
import type { Node } from './node.js';
import { bufferOf } from './route-table.js';

const GROUP_KEYS_MAX = 100;
const DRAFT_BYTES = 1024;
const LINE_END_BYTES = 2;
const BLANK = 32;
const NONE: Buffer = Buffer.alloc(0);
/** In place of an owner: the router answers the key itself. */
const OWN = -1;
const NAMES: Readonly<Record<number, string>> = {
  [Op.GET]: 'get',
  [Op.GETS]: 'gets',
  [Op.GAT]: 'gat',
  [Op.GATS]: 'gats',
};

/** Used within one call each. */
const walk = new Request();
const reply = new TextReply();

/** The request of table.request, several keys from request.keyStart on. Answers where the next request begins. */
export function beginGetLine(session: Asker, input: Buffer, view: DataView): number {
  const { request, answer } = session.table;
  const { keyStart, lineEnd, next, op, exptime } = request;
  if (hasLongKey(input, view, keyStart, lineEnd)) {
    answer.at = 0;
    writeStatus(answer, Status.BAD_FORMAT_IN_GET);
    session.sayAnswer();
    return next;
  }
  session.followLine(new GetLine(session, op, exptime, input.subarray(keyStart, lineEnd)));
  return next;
}

function hasLongKey(input: Buffer, view: DataView, from: number, lineEnd: number): boolean {
  walk.lineEnd = lineEnd;
  let found: number = NextKey.FOUND;
  for (let at = from; found === NextKey.FOUND; at = walk.keyEnd) found = nextKey(input, view, at, walk);
  return found === NextKey.TOO_LONG;
}

class GetLine implements KeyLine {
  readonly session: Asker;
  readonly op: number;
  readonly exptime: number;
  /** What the line ends in instead of END: the first failure of any of its groups. */
  failure: Buffer | null = null;
  #openGroups = 0;
  /** Ends the line, when all but its last group have ended. */
  #end: (() => void) | null = null;
  #keys: Buffer;
  #view: DataView;
  #at = 0;
  #isFirst = true;

  constructor(session: Asker, op: number, exptime: number, keys: Buffer) {
    this.session = session;
    this.op = op;
    this.exptime = exptime;
    this.#keys = keys;
    this.#view = viewOf(keys);
  }

  /** Not all could be asked at once: the keys left are copied, because the input is about to be used again. */
  keep(): void {
    this.#keys = Buffer.from(this.#keys.subarray(this.#at));
    this.#view = viewOf(this.#keys);
    this.#at = 0;
  }

  /** Asks the next group of keys; true if it was the last. */
  issue(): boolean {
    const { session } = this;
    const group = new KeyGroup(this, this.#keys, this.#at);
    const owned = session.table.routes;
    walk.lineEnd = this.#keys.length;
    const countMax = Math.min(GROUP_KEYS_MAX, session.share.keysPerLine);
    let at = this.#at;
    let count = 0;
    while (count < countMax && nextKey(this.#keys, this.#view, at, walk) === NextKey.FOUND) {
      const { keyStart, keyEnd } = walk;
      const isOwn = isLegacyKey(this.#keys, keyStart, keyEnd) && owned.payloadFor(session.listenerPort) !== null;
      group.add(this.#keys, keyStart, keyEnd, isOwn ? null : owned.ownerOf(this.#keys, keyStart, keyEnd), isOwn);
      at = keyEnd;
      count++;
    }
    this.#at = at;
    this.#openGroups++;
    walk.lineEnd = this.#keys.length;
    const isLast = nextKey(this.#keys, this.#view, at, walk) === NextKey.NONE;
    group.ask(this.#keys, at, isLast, this.#isFirst && isLast);
    this.#isFirst = false;
    return isLast;
  }

  /** A group has nothing to wait for any more: it ends at once, or, the last, when the failures of all are known. */
  endGroup(isLast: boolean, end: () => void): void {
    if (isLast && this.#openGroups > 1) {
      this.#end = end;
      return;
    }
    this.#openGroups--;
    end();
    if (this.#openGroups === 1) this.#end?.();
  }

  /** What a line ends in, in table.answer. */
  writeEnd(): void {
    const { answer } = this.session.table;
    if (this.failure !== null) writeBytes(answer, this.failure, 0, this.failure.length);
    else writeStatus(answer, Status.END);
  }

  /** `get`, or `gat` with its exptime. */
  get words(): string {
    const name = NAMES[this.op];
    return this.op === Op.GAT || this.op === Op.GATS ? `${name} ${this.exptime}` : name;
  }
}

/** What one owner was asked, and what it answered. */
class Part {
  readonly node: Node | null;
  readonly exchange: Exchange;
  readonly request = new ByteWriter(DRAFT_BYTES);
  answer: Buffer = Buffer.alloc(0);
  view: DataView = viewOf(this.answer);
  at = 0;

  constructor(node: Node | null, sink: ReplySink) {
    this.node = node;
    this.exchange = new Exchange(sink, ReplyShape.LIST);
    this.exchange.isRead = true;
    this.exchange.mayRepeat = true;
  }
}

class KeyGroup implements ReplySink, Regatherer {
  readonly #line: GetLine;
  readonly #place: Exchange;
  readonly #parts: Part[] = [];
  /** The part of each key, in the order of the line. */
  readonly #owners: number[] = [];
  #keys: Buffer;
  readonly #from: number;
  #isLast = false;
  /** One owner was asked in the session's name. */
  #isForwarded = false;
  /** Asked key by key, from #at on. */
  #isSlow = false;
  #at = 0;
  #missing = 0;
  #heldBytes = 0;
  /** What could not be kept. */
  #lostBytes = 0;

  constructor(line: GetLine, keys: Buffer, from: number) {
    this.#line = line;
    this.#keys = keys;
    this.#from = from;
    this.#place = new Exchange(line.session, ReplyShape.LIST);
    this.#place.isRead = true;
    this.#place.mayPostpone = true;
    this.#place.group = this;
  }

  add(keys: Buffer, start: number, end: number, node: Node | null, isOwn: boolean): void {
    if (isOwn) {
      this.#owners.push(OWN);
      return;
    }
    let index = 0;
    while (index < this.#parts.length && this.#parts[index].node !== node) index++;
    if (index === this.#parts.length) {
      const part = new Part(node, this);
      part.request.text(this.#line.words);
      this.#parts.push(part);
    }
    this.#owners.push(index);
    const { request, exchange } = this.#parts[index];
    exchange.keyCount = request.at === this.#line.words.length ? 1 : exchange.keyCount + 1;
    request.ensure(1);
    request.byte(BLANK);
    writeBytes(request, keys, start, end);
  }

  /** @param isWhole the line has no other group: one owner's answer may pass as it is. */
  ask(keys: Buffer, to: number, isLast: boolean, isWhole: boolean): void {
    const { session } = this.#line;
    this.#isLast = isLast;
    this.#place.keyCount = Math.max(1, this.#owners.length);
    const [first] = this.#parts;
    if (isWhole && this.#parts.length === 1 && !this.#owners.includes(OWN) && first.node !== null) {
      first.request.text('\r\n');
      this.#isForwarded = true;
      this.#place.mayRepeat = true;
      session.forward(first.node.text, this.#place, bufferOf(first.request), 0, first.request.at);
      return;
    }
    this.#keys = Buffer.from(keys.subarray(this.#from, to));
    session.owe(this.#place);
    this.#missing = this.#parts.length;
    if (this.#missing === 0) this.#end();
    for (const part of this.#parts) this.#askPart(part);
  }

  #askPart({ node, exchange, request }: Part): void {
    if (node === null) {
      this.fail(exchange, 'router', 'no node is known yet');
      return;
    }
    request.text('\r\n');
    node.text.send(exchange, bufferOf(request), 0, request.at);
    if (node.text.isFull) this.#line.session.blockOn(node.text);
  }

  receive(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#isSlow) {
      this.#takeOne(bytes, start, end);
      return;
    }
    const { share } = this.#line.session;
    if (exchange.cutBytes > 0 || this.#lostBytes > 0 || share.mustPostpone(this.#place, end - start)) {
      this.#lostBytes += Math.max(1, exchange.cutBytes, end - start);
    } else {
      const part = this.#parts.find((one) => one.exchange === exchange)!;
      part.answer = Buffer.from(bytes.subarray(start, end));
      part.view = viewOf(part.answer);
      this.#heldBytes += end - start;
      share.hold(end - start);
    }
    this.#arrive();
  }

  fail(_exchange: Exchange, node: string, reason: string): void {
    const { options } = this.#line.session.table;
    if (options.deadReads === 'error') this.#line.failure ??= Buffer.from(failureLine(node, reason), 'latin1');
    if (this.#isSlow) this.#line.session.receiveSome(this.#place, NONE, 0, 0);
    else this.#arrive();
  }

  #arrive(): void {
    this.#missing--;
    if (this.#missing > 0) return;
    if (this.#lostBytes === 0) {
      this.#end();
      return;
    }
    const { session } = this.#line;
    for (const part of this.#parts) part.answer = NONE;
    this.#letGo();
    session.postpone(this.#place, this.#lostBytes);
  }

  #letGo(): void {
    this.#line.session.share.hold(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  #end(): void {
    this.#line.endGroup(this.#isLast, () => this.#join());
  }

  // Key by key

  /** Called when this is the first that the client waits for, and there is room for one answer. */
  askNext(): void {
    if (!this.#isSlow) this.#beginSlow();
    const { session, op } = this.#line;
    const { routes, answer } = session.table;
    walk.lineEnd = this.#keys.length;
    if (nextKey(this.#keys, viewOf(this.#keys), this.#at, walk) !== NextKey.FOUND) {
      this.#line.endGroup(this.#isLast, () => this.#endSlow());
      return;
    }
    const { keyStart, keyEnd } = walk;
    this.#at = keyEnd;
    if (isLegacyKey(this.#keys, keyStart, keyEnd) && routes.payloadFor(session.listenerPort) !== null) {
      const mark = answer.at;
      writeLegacyValue(session, op);
      session.receiveSome(this.#place, bufferOf(answer), mark, answer.at);
      answer.at = mark;
      return;
    }
    const part = new Part(routes.ownerOf(this.#keys, keyStart, keyEnd), this);
    part.request.text(`${this.#line.words} `);
    writeBytes(part.request, this.#keys, keyStart, keyEnd);
    this.#askPart(part);
  }

  #beginSlow(): void {
    const { request, requestStart, requestEnd } = this.#place;
    if (this.#isForwarded) {
      this.#keys = Buffer.from(request.subarray(requestStart + this.#line.words.length, requestEnd - LINE_END_BYTES));
    }
    this.#isSlow = true;
    this.#place.cutBytes = 0;
  }

  /** The answer for one key, in the node's input. */
  #takeOne(bytes: Buffer, start: number, end: number): void {
    const { session } = this.#line;
    const decoded = readTextReply(bytes, viewOf(bytes), start, end, reply);
    if (decoded === Decoded.READY && reply.kind === ReplyKind.VALUE) {
      session.receiveSome(this.#place, bytes, start, reply.next);
      return;
    }
    if (reply.kind !== ReplyKind.END) this.#line.failure ??= Buffer.from(bytes.subarray(start, end));
    session.receiveSome(this.#place, NONE, 0, 0);
  }

  #endSlow(): void {
    const { session } = this.#line;
    const { answer } = session.table;
    const mark = answer.at;
    if (this.#isLast) this.#line.writeEnd();
    session.receive(this.#place, bufferOf(answer), mark, answer.at);
    answer.at = mark;
  }

  // All at once

  #join(): void {
    const { session } = this.#line;
    const { answer } = session.table;
    const mark = answer.at;
    const view = viewOf(this.#keys);
    walk.lineEnd = this.#keys.length;
    let at = 0;
    for (const owner of this.#owners) {
      nextKey(this.#keys, view, at, walk);
      at = walk.keyEnd;
      if (owner === OWN) writeLegacyValue(session, this.#line.op);
      else this.#takeValue(answer, this.#parts[owner], walk.keyStart, walk.keyEnd);
    }
    for (const part of this.#parts) this.#noteError(part);
    if (this.#isLast) this.#line.writeEnd();
    this.#letGo();
    // Its parts were kept, so the whole is.
    this.#place.mayPostpone = false;
    session.receive(this.#place, bufferOf(answer), mark, answer.at);
    answer.at = mark;
  }

  /** The owner's next value, if it is this key's. */
  #takeValue(answer: ByteWriter, part: Part, keyStart: number, keyEnd: number): void {
    const bytes = part.answer;
    const decoded = readTextReply(bytes, part.view, part.at, bytes.length, reply);
    if (decoded !== Decoded.READY || reply.kind !== ReplyKind.VALUE) return;
    if (!isSame(this.#keys, keyStart, keyEnd, bytes, reply.keyStart, reply.keyEnd)) return;
    writeBytes(answer, bytes, part.at, reply.next);
    part.at = reply.next;
  }

  /** A node that ended its answer in an error ends the whole line in it. */
  #noteError(part: Part): void {
    const { endKind } = part.exchange;
    if (part.answer.length < LINE_END_BYTES || endKind === ReplyKind.END) return;
    const lineStart = part.answer.lastIndexOf(0x0a, part.answer.length - LINE_END_BYTES) + 1;
    this.#line.failure ??= Buffer.from(part.answer.subarray(lineStart));
  }
}

function isSame(one: Buffer, start: number, end: number, other: Buffer, from: number, to: number): boolean {
  if (end - start !== to - from) return false;
  for (let i = start, at = from; i < end; i++, at++) if (one[i] !== other[at]) return false;
  return true;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
