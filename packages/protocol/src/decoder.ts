/**
 * The one entrance for requests: bytes of a connection in, one command out, in the reused `Request`.
 *
 * Called by the session for every command, on the worker's receive buffer. Allocates nothing, throws nothing, and reads
 * nothing outside of [start, end); the scratch tail of `input` is written when a meta key is base64.
 */

import { readBinaryRequest } from './binary/request-reader.js';
import type { Decoded } from './decoded.js';
import { Dialect, type Request } from './request.js';
import { readTextRequest } from './text/request-reader.js';
import { readMoreKeys } from './text/unfinished-line.js';

/**
 * Decodes the command that begins at `start`.
 *
 * @param dialect `Dialect` of the connection: TEXT (which includes META) or BINARY; see dialectOf.
 * @param input the receive buffer, with INPUT_SCRATCH_BYTES of room behind the last byte ever received
 * @param view a DataView over the same bytes as `input`
 * @param end the offset after the last byte received so far; start < end
 */
export function decode(
  dialect: number,
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  return dialect === Dialect.BINARY
    ? readBinaryRequest(input, view, start, end, request)
    : readTextRequest(input, view, start, end, request);
}

/**
 * Goes on with a get or gets that was answered PARTIAL_KEYS, at the offset that was `request.next`. READY: the line ends
 * here; PARTIAL_KEYS: there is more to come; both: walk nextKey from `request.restStart`, there may be none. NEED_MORE:
 * a key is cut off, keep it. ERROR: a key is too long. `request.op` and `noreply` are left alone.
 */
export function decodeMoreKeys(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  request: Request,
): Decoded {
  return readMoreKeys(input, view, start, end, request);
}

/** What a connection speaks, by the first byte it sends (try_read_command_negotiate). */
export function dialectOf(firstByte: number): Dialect {
  return firstByte === 0x80 ? Dialect.BINARY : Dialect.TEXT;
}
