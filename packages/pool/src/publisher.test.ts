import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { listsOf, PublishError, publish, withdrawnKeys } from './publisher.js';
import { clusterRecord, nodeRecord } from './testing/records.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A node that answers every write with `reply` and keeps what it was sent. */
async function nodeThatSays(reply: string): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard.push(bytes.toString('latin1'));
      socket.write(reply);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, heard };
}

function nodeAt(port: number, changes = {}) {
  return nodeRecord('0001', { address: { hostname: 'node-1', ip: '127.0.0.1', port }, ...changes });
}

describe('publish', () => {
  test('sets the list with the secret in one write, and takes STORED for an answer', async () => {
    const { port, heard } = await nodeThatSays('STORED\r\n');
    const node = nodeAt(port);
    await publish(node, clusterRecord([node]));
    const payload = `7\nnode-1|127.0.0.1|${port}\n`;
    expect(heard.join('')).toBe(`config set cluster 0 ${payload.length} ${SECRET}\r\n${payload}\r\n`);
  });

  test('sends lists of other listeners before the one that tells the version', () => {
    const outside = { hostname: 'host', ip: '10.0.0.9', port: 31_311 };
    const cluster = clusterRecord([
      nodeAt(11_212, { listenerAddresses: { '11411': outside, '11311': outside } }),
      nodeRecord('0002'),
    ]);
    expect(listsOf(cluster).map(({ key }) => key)).toEqual(['cluster:11311', 'cluster:11411', 'cluster']);
    expect(Buffer.from(listsOf(cluster)[0].payload).toString()).toBe(
      '7\nhost|10.0.0.9|31311 127.0.0.1|127.0.0.1|11213\n',
    );
  });

  test('leaves a list out in which two nodes claim one address', () => {
    const outside = { '11311': { hostname: 'host', ip: '10.0.0.9', port: 31_311 } };
    const nodes = [nodeAt(11_212, { listenerAddresses: outside }), nodeRecord('0002', { listenerAddresses: outside })];
    expect(listsOf(clusterRecord(nodes)).map(({ key }) => key)).toEqual(['cluster']);
  });

  test('withdraws the lists of listeners that nobody has an address for any more, before it tells the version', async () => {
    const { port, heard } = await nodeThatSays('NOT_FOUND\r\nDELETED\r\nSTORED\r\n');
    const node = nodeAt(port);
    await publish(node, clusterRecord([node], { listenerPorts: [11_311, 11_411] }));
    expect(heard.join('')).toMatch(
      new RegExp(
        `^config delete cluster:11311 ${SECRET}\r\nconfig delete cluster:11411 ${SECRET}\r\nconfig set cluster 0 `,
      ),
    );
  });

  test('withdraws neither a list that is published nor any that never was', () => {
    const outside = { '11311': { hostname: 'host', ip: '10.0.0.9', port: 31_311 } };
    const listed = nodeAt(11_212, { listenerAddresses: outside });
    expect(withdrawnKeys(clusterRecord([listed], { listenerPorts: [11_311] }))).toEqual([]);
    expect(withdrawnKeys(clusterRecord([nodeAt(11_212)]))).toEqual([]);
    const twice = [listed, nodeRecord('0002', { listenerAddresses: outside })];
    expect(withdrawnKeys(clusterRecord(twice))).toEqual(['cluster:11311']);
  });

  test('has nothing to say before the first version', async () => {
    await expect(publish(nodeAt(1), clusterRecord([nodeAt(1)], { version: 0 }))).rejects.toThrow('has no list');
  });

  test.each([
    ['a refusal', 'CLIENT_ERROR config is managed by the pool\r\n', 'config is managed by the pool'],
    ['silence', '', 'no answer within 700 ms'],
    ['half a line', 'STOR', 'no answer within 700 ms'],
    ['no line at all', 'x'.repeat(5000), 'the answer is no line'],
  ])('rejects on %s', async (_, reply, reason) => {
    const { port } = await nodeThatSays(reply);
    const failure = publish(nodeAt(port), clusterRecord([nodeAt(port)]));
    await expect(failure).rejects.toThrow(PublishError);
    await expect(failure).rejects.toThrow(reason);
  });

  test('rejects when nobody listens', async () => {
    const { port } = await nodeThatSays('');
    await new Promise((resolve) => servers.splice(0)[0].close(resolve));
    await expect(publish(nodeAt(port), clusterRecord([nodeAt(port)]))).rejects.toThrow('ECONNREFUSED');
  });
});
