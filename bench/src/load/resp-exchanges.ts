/**
 * What redis's protocol (RESP 2) says and must answer for each request of a workload.
 *
 * Used by workload.ts; see template.ts for the notation. Redis stores no flags. A get of many keys is a pipeline of gets,
 * because MGET states how many keys follow.
 */
import { KEY_BYTES, type KeySpace } from './key-space.js';
import { type DialectExchanges, type Exchange, textPicture } from './template.js';

export function respExchanges(keys: KeySpace): DialectExchanges {
  const stored = keys.prefix(true);
  const exchange = (request: string, reply: string, prefix = stored): Exchange => ({
    request: textPicture(request, prefix),
    reply: textPicture(reply, prefix),
  });
  const key = `$${KEY_BYTES}\r\n{key}\r\n`;
  const value = `$${keys.valueBytes}\r\n{value}\r\n`;
  const get = exchange(`*2\r\n$3\r\nGET\r\n${key}`, value);
  return {
    get,
    set: exchange(`*3\r\n$3\r\nSET\r\n${key}${value}`, '+OK\r\n'),
    miss: exchange(`*2\r\n$3\r\nGET\r\n${key}`, '$-1\r\n', keys.prefix(false)),
    manyOpen: exchange('', ''),
    manyEach: get,
    manyClose: exchange('', ''),
    isBinary: false,
  };
}
