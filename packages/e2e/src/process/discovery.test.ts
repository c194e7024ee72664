/**
 * Discovery on every worker and in one write: clients break when the list comes in two segments, so however many nodes
 * there are, one reply is one arrival.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

const CONNECTIONS = 8;
const WORKERS = 4;

/** A list as a pool of so many nodes publishes it. */
function nodeList(version: number, nodes: number): string {
  const node = (index: number) => `pond.abc123.${index}.use1.cache.example.com|10.0.0.${index}|11211`;
  return `${version}\n${Array.from({ length: nodes }, (_, index) => node(index + 1)).join(' ')}\n`;
}

describe.each(Object.values(Transport))('over %s', (transport) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start(shoalOnPort(transport, ['-t', String(WORKERS)]));
  });
  afterAll(() => server.stop());

  test.each([1, 40, 100])('a list of %i nodes leaves every worker in one write', async (nodes) => {
    const list = nodeList(nodes, nodes);
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Conversation.open(server.address)));
    expect(await clients[0].askUntil(`config set cluster 0 ${list.length}\r\n${list}\r\n`, '\r\n')).toBe('STORED\r\n');
    const wanted = `CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`;
    for (const client of clients) {
      client.send('config get cluster\r\n');
      await client.until(() => client.received.length >= wanted.length || client.closed, 'the list');
      expect(client.arrivals).toBe(1);
      expect(client.take().toString()).toBe(wanted);
      client.destroy();
    }
  });

  test('a newer list is what all workers answer from then on, while old readers are being served', async () => {
    const [writer, ...readers] = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => Conversation.open(server.address)),
    );
    for (let version = 1000; version < 1030; version++) {
      const list = nodeList(version, 1 + (version % 7));
      const reads = readers.map((reader) => reader.askUntil('config get cluster\r\n', 'END\r\n'));
      await writer.askUntil(`config set cluster 0 ${list.length}\r\n${list}\r\n`, 'STORED\r\n');
      for (const read of await Promise.all(reads))
        expect(read).toMatch(/^CONFIG cluster 0 \d+\r\n\d+\n[^\n]+\n\r\nEND\r\n$/);
      for (const reader of readers) {
        expect(await reader.askUntil('config get cluster\r\n', 'END\r\n')).toContain(`\r\n${version}\n`);
      }
    }
  });
});
