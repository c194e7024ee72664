/**
 * Reads the body of a request as JSON, up to a bound. Called by json-server.ts.
 *
 * Of what is too large a part is read and dropped, so that a client that sends first and listens later still hears why;
 * past that the connection is cut. What is not UTF-8 or not JSON is refused with the reason.
 */
import type { IncomingMessage } from 'node:http';
import { PoolErrorCode } from './errors.js';
import { HttpFailure } from './http-failure.js';

/** How many times the bound is read and dropped before the connection is cut. */
const DROPPED_BODIES_MAX = 16;

export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else if (bytes > DROPPED_BODIES_MAX * bytesMax) break;
  }
  if (bytes > bytesMax) {
    throw new HttpFailure(413, PoolErrorCode.INVALID_VALUE, `A request of more than ${bytesMax} bytes is not read`);
  }
  return parse(Buffer.concat(chunks));
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new HttpFailure(400, PoolErrorCode.INVALID_VALUE, `The request is not JSON: ${reason}`);
  }
}
