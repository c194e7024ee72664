/**
 * config get, set and delete: ElastiCache's discovery commands (reference/elasticache.md 1.1).
 *
 *     config get <key>     config delete <key> [secret] [noreply]     config set <key> <flags> <bytes> [secret] [noreply]
 *
 * A data block follows the set. The secret means something to a node whose pool has given it one; others do not look at
 * it. Blanks before the end of the line and a bare LF are tolerated, as clients send them. memcached answers ERROR to the
 * word `config`; missing or bad arguments are treated as its other commands treat them.
 */

import { Decoded } from '../decoded.js';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.js';
import { ParsedNumber, parseInt32, parseUint32 } from '../number.js';
import { refuse } from '../refusal.js';
import { Op, type Request } from '../request.js';
import { ascii, Status } from '../status.js';
import { setKey } from './line.js';
import { tokenEquals } from './tokens.js';

const GET = ascii('get');
const SET = ascii('set');
const DELETE = ascii('delete');
const number = new ParsedNumber();

/** The line is tokenized and `noreply` is set. */
export function readConfig(input: Uint8Array, request: Request): Decoded {
  if (tokenEquals(input, request, 1, SET)) return readConfigSet(input, request);
  const isGet = tokenEquals(input, request, 1, GET);
  if (!isGet && !tokenEquals(input, request, 1, DELETE)) return refuse(request, Status.ERROR);
  if (request.tokenCount < 3) return refuse(request, Status.BAD_FORMAT);
  setKey(request, 2);
  setSecret(request, 3);
  request.op = isGet ? Op.CONFIG_GET : Op.CONFIG_DELETE;
  return hasGoodKey(request) ? Decoded.READY : refuse(request, Status.BAD_FORMAT);
}

function readConfigSet(input: Uint8Array, request: Request): Decoded {
  const { tokenStarts, tokenEnds } = request;
  const hasLength = request.tokenCount >= 5 && parseInt32(input, tokenStarts[4], tokenEnds[4], number);
  if (!hasLength || number.low < 0 || number.low > VALUE_BYTES_MAX) {
    request.noreply = false;
    return refuse(request, Status.BAD_FORMAT);
  }
  setKey(request, 2);
  setSecret(request, 5);
  request.op = Op.CONFIG_SET;
  request.valueBytes = number.low;
  const isGood = hasGoodKey(request) && parseUint32(input, tokenStarts[3], tokenEnds[3], number);
  const decoded = isGood ? Decoded.READY : refuse(request, Status.BAD_FORMAT);
  request.clientFlags = number.low;
  request.swallowBytes = request.valueBytes + 2;
  return decoded;
}

/** Word `index` is the secret, unless the line is over there or the word is its noreply. */
function setSecret(request: Request, index: number): void {
  const isThere = index < request.tokenCount - (request.noreply ? 1 : 0);
  request.secretStart = isThere ? request.tokenStarts[index] : 0;
  request.secretEnd = isThere ? request.tokenEnds[index] : 0;
}

function hasGoodKey(request: Request): boolean {
  return request.keyEnd - request.keyStart <= KEY_BYTES_MAX;
}
