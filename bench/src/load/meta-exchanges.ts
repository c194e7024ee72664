// What the meta protocol says and must answer for each request of a workload. Used by workload.ts; see
// template.ts for the notation. A get asks for key and flags (k, f), so that a reply to another request is
// noticed; a get of many keys is quiet (q) and closed by mn.
import type { KeySpace } from './key-space.js';
import { type DialectExchanges, type Exchange, textPicture } from './template.js';

export function metaExchanges(keys: KeySpace): DialectExchanges {
  const stored = keys.prefix(true);
  const exchange = (request: string, reply: string, prefix = stored): Exchange => ({
    request: textPicture(request, prefix),
    reply: textPicture(reply, prefix),
  });
  const length = keys.valueBytes;
  const value = `VA ${length} k{key} f{flags}\r\n{value}\r\n`;
  return {
    get: exchange('mg {key} k f v\r\n', value),
    set: exchange(`ms {key} ${length} F{flags}\r\n{value}\r\n`, 'HD\r\n'),
    miss: exchange('mg {key} v\r\n', 'EN\r\n', keys.prefix(false)),
    manyOpen: exchange('', ''),
    manyEach: exchange('mg {key} k f v q\r\n', value),
    manyClose: exchange('mn\r\n', 'MN\r\n'),
    isBinary: false,
  };
}
