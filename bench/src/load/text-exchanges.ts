// What the text protocol says and must answer for each request
// of a workload. Used by workload.ts; see template.ts for the
// notation.
import type { KeySpace } from './key-space.js';
import { type DialectExchanges, type Exchange, textPicture } from './template.js';

export function textExchanges(keys: KeySpace): DialectExchanges {
  const stored = keys.prefix(true);
  const exchange = (request: string, reply: string, prefix = stored): Exchange => ({
    request: textPicture(request, prefix),
    reply: textPicture(reply, prefix),
  });
  const length = keys.valueBytes;
  const value = `VALUE {key} {flags} ${length}\r\n{value}\r\n`;
  return {
    get: exchange('get {key}\r\n', `${value}END\r\n`),
    set: exchange(`set {key} {flags} 0 ${length}\r\n{value}\r\n`, 'STORED\r\n'),
    miss: exchange('get {key}\r\n', 'END\r\n', keys.prefix(false)),
    manyOpen: exchange('get', ''),
    manyEach: exchange(' {key}', value),
    manyClose: exchange('\r\n', 'END\r\n'),
    isBinary: false,
  };
}
