/**
 * The only door of @shoal/protocol: memcached's text, meta and binary dialects and the discovery payload, as pure
 * functions over bytes. No I/O, no clock, no store.
 *
 * Servers need decoder, request, tokens and the response writers; clients need the request writers, reply and the
 * response readers; the rest is for both.
 */

export * from './base64.js';
export * from './binary/request-writer.js';
export * from './binary/response-reader.js';
export * from './binary/response-writer.js';
export * from './byte-writer.js';
export * from './cluster-config.js';
export * from './decoded.js';
export * from './decoder.js';
export * from './limits.js';
export * from './meta/meta-lines.js';
export * from './meta/request-writer.js';
export * from './meta/response-reader.js';
export * from './meta/response-writer.js';
export * from './number.js';
export * from './opcode.js';
export * from './reply.js';
export * from './request.js';
export * from './spelling.js';
export * from './status.js';
export * from './text/request-writer.js';
export * from './text/response-reader.js';
export * from './text/response-writer.js';
export {
  hasLongKey,
  NextKey,
  nextKey,
  skipBlanks,
  skipLine,
  tokenEquals,
  tokenIsPrefixOf,
  wordEnd,
} from './text/tokens.js';
export * from './text/value-lines.js';
