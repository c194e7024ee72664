/**
 * What a client is told about a request that its node did not answer: an error that names node and reason, or for reads,
 * where the router is told so, a miss.
 *
 * The request's bytes stand in exchange.request as they were sent: without q, noreply and quiet opcodes.
 */
import {
  BINARY_HEADER_BYTES,
  BinaryStatus,
  type ByteWriter,
  Decoded,
  Dialect,
  decode,
  INPUT_SCRATCH_BYTES,
  Op,
  Opcode,
  Request,
  Status,
  writeBinaryError,
  writeBinaryKeyMiss,
  writeMetaCode,
  writeOpaqueAndKey,
  writeStatus,
} from '@shoal/protocol';
import { type Exchange, Hush, ReplyShape } from './exchange.js';

/** "Internal error" of protocol_binary.h, which memcached itself never sends. */
const BINARY_INTERNAL_ERROR = 0x84;

/** @param missesReads whether a read is answered with a miss. */
export function writeFailure(
  answer: ByteWriter,
  exchange: Exchange,
  node: string,
  reason: string,
  missesReads: boolean,
): void {
  if (exchange.hush === Hush.EVERYTHING) return;
  if (exchange.isRead && missesReads) {
    writeMiss(answer, exchange);
  } else if (exchange.shape === ReplyShape.FRAME) {
    const text = Buffer.from(`${node}: ${reason}`, 'latin1');
    answer.ensure(BINARY_HEADER_BYTES + text.length);
    writeBinaryError(answer, opcodeOf(exchange), BINARY_INTERNAL_ERROR, opaqueOf(exchange), 0, 0, text);
  } else {
    answer.text(failureLine(node, reason));
  }
}

export function failureLine(node: string, reason: string): string {
  return `SERVER_ERROR ${node}: ${reason}\r\n`;
}

function writeMiss(answer: ByteWriter, exchange: Exchange): void {
  if (exchange.hush === Hush.META_MISS || exchange.hush === Hush.BINARY_MISS) return;
  if (exchange.shape === ReplyShape.LIST) writeStatus(answer, Status.END);
  else if (exchange.shape === ReplyShape.LINE) writeMetaMiss(answer, exchange);
  else writeBinaryMiss(answer, exchange);
}

/** EN with the opaque and the key that were asked for. */
function writeMetaMiss(answer: ByteWriter, exchange: Exchange): void {
  const { input, view, asked, decoded } = decodeAgain(Dialect.TEXT, exchange);
  writeMetaCode(answer, Status.META_MISS);
  if (decoded === Decoded.READY && asked.op === Op.META_GET) writeOpaqueAndKey(answer, input, view, asked);
  answer.crlf();
}

/** The request as it was sent; its key may lie in the scratch behind it. */
export function decodeAgain(dialect: number, { request, requestStart, requestEnd }: Exchange) {
  const length = requestEnd - requestStart;
  const input = Buffer.alloc(length + INPUT_SCRATCH_BYTES);
  input.set(request.subarray(requestStart, requestEnd));
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const asked = new Request();
  const decoded = decode(dialect, input, view, 0, length, asked);
  return { input, view, asked, decoded };
}

function writeBinaryMiss(answer: ByteWriter, exchange: Exchange): void {
  const { request, requestStart } = exchange;
  const opcode = opcodeOf(exchange);
  const opaque = opaqueOf(exchange);
  if (opcode !== Opcode.GETK && opcode !== Opcode.GATK) {
    writeBinaryError(answer, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
    return;
  }
  const keyStart = requestStart + BINARY_HEADER_BYTES + request[requestStart + 4];
  const keyEnd = keyStart + request.readUInt16BE(requestStart + 2);
  const view = new DataView(request.buffer, request.byteOffset, request.length);
  writeBinaryKeyMiss(answer, opcode, opaque, request, view, keyStart, keyEnd);
}

function opcodeOf({ opcode, request, requestStart }: Exchange): number {
  return opcode >= 0 ? opcode : request[requestStart + 1];
}

function opaqueOf({ request, requestStart }: Exchange): number {
  return request.readInt32BE(requestStart + 12);
}
