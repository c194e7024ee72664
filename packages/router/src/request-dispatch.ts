/**
 * What becomes of one decoded request: to the owner of its key, to several owners, to all nodes, or answered here.
 *
 * Called by the session for each request; answers where the next one begins, or the request's own start if it has to wait.
 */
import {
  BINARY_VERSION,
  BinaryStatus,
  Dialect,
  MetaFlag,
  Op,
  type Request,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeBinaryText,
  writeStatus,
} from '@shoal/protocol';
import type { Asker } from './asker.js';
import { isLegacyKey, listConfigs, sayConfig, sayLegacyItem } from './discovery.js';
import { Exchange, Hush, ReplyShape } from './exchange.js';
import { decodeAgain } from './failure-reply.js';
import { askAllNodes } from './fan-out.js';
import { ASK_A_NODE_LINE } from './fan-out-plan.js';
import { writeDelete, writeLoudFrame, writeLoudLine, writeLoudMeta } from './forwarding.js';
import { beginGetLine } from './get-line.js';
import { bufferOf } from './route-table.js';

const LINE_END_BYTES = 2;
/** Meta flags with which a read changes something, so that it is not asked twice. */
const CHANGING_FLAGS = MetaFlag.VIVIFY | MetaFlag.RECACHE | MetaFlag.SET_TTL;
const ASK_A_NODE = Buffer.from(ASK_A_NODE_LINE);
const ASK_A_NODE_TEXT = Buffer.from('Ask a node');
const CHANGES = new Set<number>([
  Op.SET,
  Op.ADD,
  Op.REPLACE,
  Op.APPEND,
  Op.PREPEND,
  Op.CAS,
  Op.DELETE,
  Op.INCR,
  Op.DECR,
  Op.TOUCH,
  Op.META_SET,
  Op.META_DELETE,
  Op.META_ARITHMETIC,
]);
const NO_NODES = 'no node is known yet';

/** The request in session.table.request, decoded from input[at..end). */
export function dispatch(session: Asker, input: Buffer, view: DataView, at: number, end: number): number {
  const { request } = session.table;
  switch (request.op) {
    case Op.GET:
    case Op.GETS:
    case Op.GAT:
    case Op.GATS:
      if (request.dialect === Dialect.BINARY) return forwardFrame(session, input, at, end);
      if (request.keyEnd === request.lineEnd) return forwardGet(session, input, at);
      return beginGetLine(session, input, view);
    case Op.META_GET:
    case Op.META_SET:
    case Op.META_DELETE:
    case Op.META_ARITHMETIC:
    case Op.META_DEBUG:
      return forwardMeta(session, input, at, end);
    case Op.SET:
    case Op.ADD:
    case Op.REPLACE:
    case Op.APPEND:
    case Op.PREPEND:
    case Op.CAS:
    case Op.DELETE:
    case Op.INCR:
    case Op.DECR:
    case Op.TOUCH:
    case Op.GETK:
    case Op.GATK:
      if (request.dialect === Dialect.BINARY) return forwardFrame(session, input, at, end);
      return forwardLine(session, input, at, end);
    default:
      return serveRare(session, input, at, end);
  }
}

/** A get or gat of one key, as it came. */
function forwardGet(session: Asker, input: Buffer, at: number): number {
  const { request, routes } = session.table;
  const { keyStart, keyEnd, next } = request;
  if (isLegacyKey(input, keyStart, keyEnd) && sayLegacyItem(session, request)) return next;
  const exchange = new Exchange(session, ReplyShape.LIST);
  exchange.isRead = true;
  exchange.mayRepeat = true;
  exchange.mayPostpone = true;
  const node = routes.ownerOf(input, keyStart, keyEnd);
  if (node === null) sayNoNodes(session, exchange, input, at, next);
  else session.forward(node.text, exchange, input, at, next);
  return next;
}

/** Any other text command with one key. */
function forwardLine(session: Asker, input: Buffer, at: number, end: number): number {
  const { request, routes, draft } = session.table;
  const blockBytes = blockBytesOf(request);
  const blockEnd = request.next + blockBytes;
  if (blockEnd > end || request.valueBytes > session.table.options.itemSizeMaxBytes) {
    const waiting = awaitBlock(session, input, at, end, blockBytes);
    if (waiting >= 0) return waiting;
  }
  const exchange = new Exchange(session, ReplyShape.LINE);
  const node = routes.ownerOf(input, request.keyStart, request.keyEnd);
  if (request.noreply) exchange.hush = Hush.EVERYTHING;
  if (node === null) {
    sayNoNodes(session, exchange, input, at, blockEnd);
  } else if (!request.noreply) {
    session.forward(node.text, exchange, input, at, blockEnd);
  } else {
    draft.at = 0;
    writeLoudLine(draft, input, request);
    draft.ensure(blockBytes);
    draft.copy(input, request.next, blockEnd);
    session.forward(node.text, exchange, bufferOf(draft), 0, draft.at);
  }
  return blockEnd;
}

/** What of a text request follows its line, and at least what of a binary one follows its key. */
export function blockBytesOf(request: Request): number {
  return hasBlock(request) ? request.valueBytes + LINE_END_BYTES : 0;
}

/** Whether it must not overtake the reads before it. */
export function changesItems({ op, metaFlags }: Request): boolean {
  if (op === Op.META_GET) return (metaFlags & CHANGING_FLAGS) !== 0;
  return CHANGES.has(op);
}

/** Sends a request once more, to the owner that its first key has now. */
export function askAgain(session: Asker, exchange: Exchange): void {
  if (exchange.group !== null) {
    exchange.group.askNext();
    return;
  }
  const { routes } = session.table;
  const isFrame = exchange.shape === ReplyShape.FRAME;
  const { request, requestStart, requestEnd } = exchange;
  const { input, asked } = decodeAgain(isFrame ? Dialect.BINARY : Dialect.TEXT, exchange);
  const node = routes.ownerOf(input, asked.keyStart, asked.keyEnd);
  if (node === null) session.fail(exchange, 'router', NO_NODES);
  else (isFrame ? node.binary : node.text).send(exchange, request, requestStart, requestEnd);
}

function hasBlock({ op }: Request): boolean {
  return (op >= Op.SET && op <= Op.CAS) || op === Op.META_SET || op === Op.CONFIG_SET;
}

/**
 * The data block is not all here, or is larger than any item: collects it, or throws it away. Answers where to go on, or
 * -1 if the block is here and may go on its way.
 */
function awaitBlock(session: Asker, input: Buffer, at: number, end: number, blockBytes: number): number {
  const { request } = session.table;
  if (!hasBlock(request)) return -1;
  if (isTooLarge(session, input)) return refuseBlock(session, input, end, blockBytes);
  const blockEnd = request.next + blockBytes;
  return blockEnd > end ? session.intake.collectBlock(input, at, end, blockEnd - at) : -1;
}

/** What its owner would refuse is not even collected. */
function isTooLarge(session: Asker, input: Buffer): boolean {
  const { request, options, routes } = session.table;
  const ownersMaxBytes = routes.ownerOf(input, request.keyStart, request.keyEnd)?.itemSizeMaxBytes ?? 0;
  if (request.valueBytes > options.itemSizeMaxBytes) return true;
  return ownersMaxBytes > 0 && request.valueBytes > ownersMaxBytes;
}

/** Too large for the owner. As there, a set that is refused does not leave the value that it was to replace. */
function refuseBlock(session: Asker, input: Buffer, end: number, blockBytes: number): number {
  const { request, routes, answer, draft } = session.table;
  const { dialect } = request;
  const isBinary = dialect === Dialect.BINARY;
  answer.at = 0;
  if (isBinary) writeBinaryError(answer, request.opcode, BinaryStatus.TOO_LARGE, request.opaque, 0, 0);
  else if (!request.noreply || dialect === Dialect.META) writeStatus(answer, Status.TOO_LARGE);
  const refusal = Buffer.from(answer.slice());
  answer.at = 0;
  const node = routes.ownerOf(input, request.keyStart, request.keyEnd);
  if (node !== null && (dialect === Dialect.META || request.op === Op.SET)) {
    const exchange = new Exchange(session, isBinary ? ReplyShape.FRAME : ReplyShape.LINE);
    exchange.hush = Hush.EVERYTHING;
    draft.at = 0;
    writeDelete(draft, input, request);
    session.forward(isBinary ? node.binary : node.text, exchange, bufferOf(draft), 0, draft.at);
  }
  return throwAway(session, end, blockBytes, refusal);
}

/** Skips `bytes` behind `from` and says the reply when they are gone. */
function throwAway(session: Asker, end: number, bytes: number, reply: Buffer): number {
  const from = session.table.request.next;
  if (from + bytes <= end) {
    session.say(reply, 0, reply.length);
    return from + bytes;
  }
  session.intake.swallow(from + bytes - end, reply);
  return end;
}

function forwardMeta(session: Asker, input: Buffer, at: number, end: number): number {
  const { request, routes, draft } = session.table;
  const blockBytes = request.op === Op.META_SET ? request.valueBytes + LINE_END_BYTES : 0;
  const blockEnd = request.next + blockBytes;
  if (blockEnd > end || request.valueBytes > session.table.options.itemSizeMaxBytes) {
    const waiting = awaitBlock(session, input, at, end, blockBytes);
    if (waiting >= 0) return waiting;
  }
  const exchange = new Exchange(session, ReplyShape.LINE);
  const isGet = request.op === Op.META_GET;
  exchange.isRead = isGet || request.op === Op.META_DEBUG;
  exchange.mayRepeat = exchange.isRead && (request.metaFlags & CHANGING_FLAGS) === 0;
  exchange.mayPostpone = exchange.mayRepeat;
  const isQuiet = request.op !== Op.META_DEBUG && request.noreply;
  if (isQuiet) exchange.hush = isGet ? Hush.META_MISS : Hush.META_SUCCESS;
  const node = routes.ownerOf(input, request.keyStart, request.keyEnd);
  if (node === null) {
    sayNoNodes(session, exchange, input, at, blockEnd);
  } else if (isQuiet) {
    draft.at = 0;
    writeLoudMeta(draft, input, at, request);
    draft.ensure(blockBytes);
    draft.copy(input, request.next, blockEnd);
    session.forward(node.text, exchange, bufferOf(draft), 0, draft.at);
  } else {
    session.forward(node.text, exchange, input, at, blockEnd);
  }
  return blockEnd;
}

const BINARY_BLOCKS = new Set<number>([Op.SET, Op.ADD, Op.REPLACE, Op.APPEND, Op.PREPEND]);
const BINARY_READS = new Set<number>([Op.GET, Op.GETK, Op.GAT, Op.GATK]);

function forwardFrame(session: Asker, input: Buffer, at: number, end: number): number {
  const { request, routes, draft } = session.table;
  const { op } = request;
  const blockEnd = request.next + (BINARY_BLOCKS.has(op) ? request.valueBytes : 0);
  if (blockEnd > end || (blockEnd > request.next && request.valueBytes > session.table.options.itemSizeMaxBytes)) {
    const waiting = awaitBlock(session, input, at, end, blockEnd - request.next);
    if (waiting >= 0) return waiting;
  }
  const isRead = BINARY_READS.has(op);
  if (isRead && isLegacyKey(input, request.keyStart, request.keyEnd) && sayLegacyItem(session, request))
    return blockEnd;
  const exchange = new Exchange(session, ReplyShape.FRAME);
  exchange.isRead = isRead;
  exchange.mayRepeat = isRead;
  exchange.mayPostpone = isRead;
  const node = routes.ownerOf(input, request.keyStart, request.keyEnd);
  if (request.noreply) {
    exchange.hush = isRead ? Hush.BINARY_MISS : Hush.BINARY_SUCCESS;
    exchange.opcode = request.opcode;
  }
  if (node === null) {
    sayNoNodes(session, exchange, input, at, blockEnd);
  } else if (request.noreply || request.next - at + request.valueBytes !== blockEnd - at) {
    draft.at = 0;
    writeLoudFrame(draft, input, at, blockEnd, request);
    session.forward(node.binary, exchange, bufferOf(draft), 0, draft.at);
  } else {
    session.forward(node.binary, exchange, input, at, blockEnd);
  }
  return blockEnd;
}

function sayNoNodes(session: Asker, exchange: Exchange, input: Buffer, start: number, end: number): void {
  exchange.request = input;
  exchange.requestStart = start;
  exchange.requestEnd = end;
  session.owe(exchange);
  session.fail(exchange, 'router', NO_NODES);
}

/** Commands that are not about one key. */
function serveRare(session: Asker, input: Buffer, at: number, end: number): number {
  const { request, answer } = session.table;
  const { opcode, opaque, next, noreply } = request;
  const isBinary = request.dialect === Dialect.BINARY;
  answer.at = 0;
  switch (request.op) {
    case Op.META_NOOP:
      writeStatus(answer, Status.META_NOOP);
      break;
    case Op.VERSION:
      if (isBinary) writeBinaryText(answer, opcode, opaque, BINARY_VERSION);
      else writeStatus(answer, Status.VERSION);
      break;
    case Op.NOOP:
    case Op.VERBOSITY:
      if (isBinary) writeBinaryEmpty(answer, opcode, opaque, 0, 0);
      else if (!noreply) writeStatus(answer, Status.OK);
      break;
    case Op.QUIT:
      if (isBinary && !noreply) writeBinaryEmpty(answer, opcode, opaque, 0, 0);
      session.sayAnswer();
      session.finish();
      return end;
    case Op.CONFIG_GET:
    case Op.CONFIG_GETK:
      sayConfig(session, input, request);
      return next;
    case Op.CONFIG_LIST:
      listConfigs(session, request);
      return next;
    case Op.FLUSH_ALL:
    case Op.CACHE_MEMLIMIT:
    case Op.STATS:
      if (!session.beginAlone()) return at;
      askAllNodes(session, input);
      return next;
    case Op.DEBUGTIME:
      if (!noreply) writeStatus(answer, Status.ERROR);
      break;
    case Op.REFRESH_CERTS:
      if (!noreply) writeStatus(answer, Status.TLS_NOT_ENABLED);
      break;
    default:
      return sendToANode(session, end);
  }
  session.sayAnswer();
  return next;
}

/** What concerns one node cannot be asked of all. */
function sendToANode(session: Asker, end: number): number {
  const { request, answer } = session.table;
  const isSet = request.op === Op.CONFIG_SET;
  if (request.dialect === Dialect.BINARY) {
    writeBinaryError(answer, request.opcode, BinaryStatus.AUTH_ERROR, request.opaque, 0, 0, ASK_A_NODE_TEXT);
    const refusal = Buffer.from(answer.slice());
    answer.at = 0;
    return throwAway(session, end, isSet ? request.valueBytes : 0, refusal);
  }
  const isQuiet = request.noreply && request.op !== Op.WATCH;
  const refusal = isQuiet ? Buffer.alloc(0) : ASK_A_NODE;
  return throwAway(session, end, isSet ? request.valueBytes + LINE_END_BYTES : 0, refusal);
}

/** What decode() refused: answered as memcached does, without asking a node. */
export function refuseRequest(session: Asker, end: number): number {
  const { request, answer } = session.table;
  answer.at = 0;
  if (!request.noreply) {
    if (request.dialect === Dialect.BINARY) {
      writeBinaryError(answer, request.opcode, request.status, request.opaque, 0, 0);
    } else {
      writeStatus(answer, request.status);
    }
  }
  const refusal = Buffer.from(answer.slice());
  answer.at = 0;
  if (request.closes) {
    session.say(refusal, 0, refusal.length);
    session.finish();
    return end;
  }
  if (!request.swallowLine) return throwAway(session, end, request.swallowBytes, refusal);
  session.intake.swallowLine(refusal);
  return end;
}
