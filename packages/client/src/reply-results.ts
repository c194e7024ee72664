/**
 * What a reply means to the request it answers: a value, a miss, true or false, an error.
 *
 * Called by Connection for every reply, with the oldest request. The promise is settled here, straight from the bytes. A
 * reply that this request cannot have means that replies and requests no longer match, so the connection has to go.
 */
import { type ClientError, ServerRefusedError } from './errors.js';
import { Code, type ReplyReader } from './reply-reader.js';
import { isRead, type Key, Op, type Request } from './request.js';
import { decodeValue } from './values.js';

export const Taken = {
  /** The request has all its replies. */
  DONE: 0,
  MORE: 1,
  /** No reply of this request: the two sides no longer agree. */
  FOREIGN: 2,
} as const;
export type Taken = (typeof Taken)[keyof typeof Taken];

export interface ValueWithCas<Value> {
  readonly value: Value;
  readonly cas: bigint;
}

/** What a cas came to; EXISTS: somebody else changed the item. */
export const CasResult = { STORED: 'stored', EXISTS: 'exists', NOT_FOUND: 'not-found' } as const;
export type CasResult = (typeof CasResult)[keyof typeof CasResult];

/** The answer to what getOrSet asks. */
export interface LeaseReply {
  /** Undefined: there is only the empty item that the question itself made. */
  readonly found: { readonly value: unknown } | undefined;
  readonly cas: string;
  readonly isWon: boolean;
  readonly isStale: boolean;
  readonly isWonByAnother: boolean;
}

const STAT_PATTERN = /^STAT (\S+) ?(.*)$/;

export function takeReply(request: Request, reply: ReplyReader): Taken {
  const { code } = reply;
  if (code === Code.ER || code === Code.CL || code === Code.SE) return takeError(request, reply);
  switch (request.op) {
    case Op.GET:
      if (code === Code.VA && !isPlaceholder(reply)) succeedWith(request, reply);
      else if (code === Code.VA || code === Code.EN) request.succeed(undefined);
      else return Taken.FOREIGN;
      return Taken.DONE;
    case Op.GET_MANY:
      return takeOneOfMany(request, reply);
    case Op.GETS:
    case Op.LEASE:
      return takeMetaValue(request, reply);
    case Op.STATS:
      return takeStat(request, reply);
    case Op.SET:
      if (code === Code.HD) request.succeed(undefined);
      else return Taken.FOREIGN;
      return Taken.DONE;
    case Op.COUNT:
      if (code === Code.VA) request.succeed(BigInt(reply.bytes.toString('latin1', reply.valueStart, reply.valueEnd)));
      else if (code === Code.NF || code === Code.EN) request.succeed(undefined);
      else return Taken.FOREIGN;
      return Taken.DONE;
    default:
      return takeOutcome(request, code);
  }
}

function takeError(request: Request, reply: ReplyReader): Taken {
  request.failure ??= new ServerRefusedError(request.name, request.node, reply.lineText());
  if (request.op === Op.GET_MANY) return endOneOfMany(request, undefined);
  request.fail(request.failure);
  return Taken.DONE;
}

function succeedWith(request: Request, reply: ReplyReader): void {
  if (request.isSettled) return;
  try {
    request.succeed(decodedValue(request, reply));
  } catch (error) {
    request.fail(error as Error);
  }
}

function decodedValue(request: Request, reply: ReplyReader): unknown {
  return decodeValue(reply.bytes, reply.valueStart, reply.valueEnd, reply.clientFlags, request.as);
}

function takeOneOfMany(request: Request, reply: ReplyReader): Taken {
  if (reply.code === Code.EN) return endOneOfMany(request, undefined);
  if (reply.code !== Code.VA) return Taken.FOREIGN;
  if (request.isSettled || isPlaceholder(reply)) return endOneOfMany(request, undefined);
  try {
    return endOneOfMany(request, decodedValue(request, reply));
  } catch (error) {
    request.failure ??= error as ClientError;
    return endOneOfMany(request, undefined);
  }
}

function endOneOfMany(request: Request, value: unknown): Taken {
  const results = request.results as unknown[];
  results.push(value);
  if (results.length < (request.keys as readonly unknown[]).length) return Taken.MORE;
  if (request.failure === null) request.succeed(results);
  else request.fail(request.failure);
  return Taken.DONE;
}

function takeMetaValue(request: Request, reply: ReplyReader): Taken {
  if (reply.code === Code.EN) {
    request.succeed(undefined);
    return Taken.DONE;
  }
  if (reply.code !== Code.VA) return Taken.FOREIGN;
  try {
    if (request.op === Op.LEASE) request.succeed(leaseOf(request, reply));
    else request.succeed(isPlaceholder(reply) ? undefined : withCas(request, reply));
  } catch (error) {
    request.fail(error as Error);
  }
  return Taken.DONE;
}

function withCas(request: Request, reply: ReplyReader): ValueWithCas<unknown> {
  return { value: decodedValue(request, reply), cas: BigInt(reply.cas) };
}

/**
 * An empty item that somebody is filling is what vivifying left: nothing is there yet. An empty string that is being
 * refreshed looks the same and counts as missing until it is; a stale one carries X.
 */
function isPlaceholder({ valueStart, valueEnd, isWon, isStale, isWonByAnother }: ReplyReader): boolean {
  return valueStart === valueEnd && (isWon || isWonByAnother) && !isStale;
}

/** Whether a plain read was told that it has won a stale item, which it will not load: the win has to go back. */
export function winToGiveBack(request: Request, reply: ReplyReader): Key | null {
  if (!reply.isWon || !isRead(request)) return null;
  return request.keys === null ? request.key : request.keys[(request.results as unknown[]).length];
}

function leaseOf(request: Request, reply: ReplyReader): LeaseReply {
  const { cas, isWon, isStale, isWonByAnother } = reply;
  const found = isPlaceholder(reply) ? undefined : { value: decodedValue(request, reply) };
  return { found, cas, isWon, isStale, isWonByAnother };
}

function takeStat(request: Request, reply: ReplyReader): Taken {
  const rows = request.results as [string, string][];
  if (reply.code === Code.ST) {
    const row = STAT_PATTERN.exec(reply.lineText());
    if (row !== null) rows.push([row[1], row[2]]);
    return Taken.MORE;
  }
  if (reply.code !== Code.EN && reply.code !== Code.RE) return Taken.FOREIGN;
  request.succeed(Object.fromEntries(rows));
  return Taken.DONE;
}

function takeOutcome(request: Request, code: number): Taken {
  switch (code) {
    case Code.HD:
    case Code.OK:
    case Code.MN:
      request.succeed(request.op === Op.CAS ? CasResult.STORED : true);
      return Taken.DONE;
    case Code.NS:
    case Code.NF:
    case Code.EN:
      request.succeed(request.op === Op.CAS ? CasResult.NOT_FOUND : false);
      return Taken.DONE;
    case Code.EX:
      request.succeed(request.op === Op.CAS ? CasResult.EXISTS : false);
      return Taken.DONE;
    default:
      return Taken.FOREIGN;
  }
}
