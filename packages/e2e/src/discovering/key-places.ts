/**
 * On which nodes keys lie, asked of the nodes themselves and not through any ring. Used by clients.test.ts.
 */
import { Conversation } from '../harness/conversation.js';

const FOUND = /^VA \d+ k(\S+)\r\n([^\r]*)\r$/gm;

/** For each key the nodes that hold it with this value (`<value> <key>`), as `host:port`. */
export async function placesOf(
  keys: readonly string[],
  value: string,
  nodes: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const places = new Map<string, string[]>(keys.map((key) => [key, []]));
  for (const node of nodes) {
    const [host, port] = node.split(':');
    const conversation = await Conversation.open({ host, port: Number(port) });
    const requests = keys.map((key) => `mg ${key} v k q\r\n`).join('');
    const found = await conversation.askUntil(`${requests}mn\r\n`, 'MN\r\n');
    conversation.destroy();
    for (const [, key, text] of found.matchAll(FOUND)) if (text === `${value} ${key}`) places.get(key)?.push(node);
  }
  return places;
}
