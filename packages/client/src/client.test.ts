/** The client against nodes that misbehave on demand. Each test has nodes and clients of its own. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from './client.js';
import type { OperationMessage } from './diagnostics.js';
import type { ClientErrorCode } from './errors.js';
import type { ClientOptions, ClientTarget } from './options.js';
import { eventually } from './testing/eventually.js';
import { type Answer, discoveryAnswer, FakeNode } from './testing/fake-node.js';

const clients: Client[] = [];
const nodes: FakeNode[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function startNode(answer?: Answer, port = 0): Promise<FakeNode> {
  const node = await FakeNode.start(answer, port);
  nodes.push(node);
  return node;
}

const PATIENT: ClientOptions = { timeoutMs: 60_000, connectTimeoutMs: 60_000, reconnectMinMs: 5, reconnectMaxMs: 20 };

function connect(target: ClientTarget, options: ClientOptions = {}): Client {
  const client = new Client(target, { ...PATIENT, ...options });
  clients.push(client);
  return client;
}

const coded = (code: ClientErrorCode): unknown => expect.objectContaining({ code });

async function waitForTopology(client: Client): Promise<void> {
  await eventually('the list of nodes', () => client.nodes.length > 0);
}

describe('requests', () => {
  test('of one tick leave in one write and are answered in their order', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    await client.set('warm', 'up');
    const chunks: string[] = [];
    for (const socket of node.sockets) socket.on('data', (chunk) => chunks.push(chunk.toString()));
    const work = [client.set('a', 'one'), client.get('a'), client.get('b'), client.delete('a'), client.get('a')];
    expect(await Promise.all(work)).toEqual([undefined, 'one', undefined, true, undefined]);
    expect(chunks).toEqual(['ms a 3\r\none\r\nmg a v f\r\nmg b v f\r\nmd a\r\nmg a v f\r\n']);
  });

  test('get their own replies when these come a byte at a time', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    const answer = node.answer;
    node.answer = (command, socket) => {
      for (const byte of answer(command, socket) ?? '') socket.write(byte);
      return null;
    };
    const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
    await client.setMany(keys.map((key) => [key, `${key}\r\n`.repeat(9)]));
    expect(await client.getMany([...keys, 'missing'])).toEqual(
      new Map(keys.map((key) => [key, `${key}\r\n`.repeat(9)])),
    );
  });

  test('past their deadline fail, and their late replies reach nobody else', async () => {
    const node = await startNode();
    const client = connect([node.address], { stallTimeoutMs: 60_000 });
    const held: string[] = [];
    node.items.set('a', 'slow').set('b', 'quick');
    const answer = node.answer;
    node.answer = (command, socket) => {
      held.push(answer(command, socket) as string);
      return null;
    };
    await expect(client.get('a', { timeoutMs: 20 })).rejects.toEqual(coded('TIMEOUT'));
    const second = client.get('b');
    await eventually('the second request', () => held.length === 2);
    for (const socket of node.sockets) socket.write(held.join(''));
    expect(await second).toBe('quick');
    expect(node.connectionCount).toBe(1);
  });

  test('that are aborted fail at once, and their replies reach nobody else', async () => {
    const node = await startNode(() => null);
    const client = connect([node.address]);
    const controller = new AbortController();
    const first = client.get('a', { signal: controller.signal });
    const second = client.get('b');
    await eventually('both requests', () => node.commands.length === 2);
    controller.abort(new Error('enough'));
    await expect(first).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
    for (const socket of node.sockets) socket.write('VA 1 f0\r\n1\r\nVA 1 f0\r\n2\r\n');
    expect(await second).toBe('2');
    await expect(client.get('c', { signal: AbortSignal.abort() })).rejects.toEqual(coded('ABORTED'));
  });

  test('with keys, values or options that cannot be fail alone', async () => {
    const node = await startNode();
    const client = connect([node.address], { maxValueBytes: 100 });
    const work = [
      client.get('x'.repeat(251)),
      client.getMany(['a', '']),
      client.set('a', 'x'.repeat(101)),
      client.set('a', undefined),
      client.set('a', 'x', { ttlSeconds: -1 }),
      client.incr('a', 1.5),
      client.touch('a', Number.NaN),
      client.get('a', { timeoutMs: Number.NaN }),
      client.set('a', 'good'),
    ];
    const outcomes = await Promise.allSettled(work);
    expect(outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'done'))).toEqual([
      'BAD_KEY',
      'BAD_KEY',
      'VALUE_TOO_LARGE',
      'BAD_VALUE',
      'BAD_OPTIONS',
      'BAD_OPTIONS',
      'BAD_OPTIONS',
      'BAD_OPTIONS',
      'done',
    ]);
  });

  test('that a node refuses fail with what it says', async () => {
    const node = await startNode(({ line }) => `${line.split(' ')[1]}\r\n`);
    const client = connect([node.address]);
    node.answer = () => 'SERVER_ERROR out of memory storing object\r\n';
    await expect(client.set('a', 'x')).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      response: 'SERVER_ERROR out of memory storing object',
    });
    node.answer = () => 'SERVER_ERROR object too large for cache\r\n';
    await expect(client.set('a', 'x')).rejects.toEqual(coded('VALUE_TOO_LARGE'));
    node.answer = () => 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
    await expect(client.incr('a')).rejects.toEqual(coded('NOT_A_NUMBER'));
    node.answer = ({ line }) => (line.includes(' b ') ? 'ERROR\r\n' : 'VA 1 f0\r\nx\r\n');
    await expect(client.getMany(['a', 'b', 'c'])).rejects.toEqual(coded('SERVER_ERROR'));
    node.answer = () => 'VA 1 f2\r\n{\r\n';
    await expect(client.get('a')).rejects.toEqual(coded('UNREADABLE_VALUE'));
    node.answer = () => 'HD\r\n';
    await expect(client.setMany({ a: 'x', b: undefined })).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
    expect(node.connectionCount).toBe(1);
  });

  test('beyond the bounds of the queue are refused', async () => {
    const node = await startNode(() => null);
    const client = connect([node.address], { maxQueuedRequests: 3, maxQueuedBytes: 1024 });
    const kept = [client.get('a'), client.get('b'), client.get('c')].map((each) => each.catch(() => 'gone'));
    await expect(client.get('d')).rejects.toEqual(coded('QUEUE_FULL'));
    client.destroy();
    expect(await Promise.all(kept)).toEqual(['gone', 'gone', 'gone']);
  });
});

describe('a connection', () => {
  test('that brings what nobody can read is dropped, and made again', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    node.items.set('a', 'x');
    expect(await client.get('a')).toBe('x');
    const answer = node.answer;
    node.answer = () => 'BOO\r\n';
    const lost = client.add('b', 'x');
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST', cause: { code: 'MALFORMED_REPLY' } });
    node.answer = answer;
    expect(await client.get('a')).toBe('x');
    expect(node.connectionCount).toBe(2);
  });

  test('that the node closes costs idempotent requests nothing, and others an error', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    node.items.set('a', 'x');
    await client.get('a');
    const answer = node.answer;
    node.answer = (_, socket) => {
      socket.end();
      node.answer = answer;
      return null;
    };
    const [read, counted] = await Promise.allSettled([client.get('a'), client.incr('n')]);
    expect(read).toMatchObject({ status: 'fulfilled', value: 'x' });
    expect(counted).toMatchObject({ status: 'rejected', reason: coded('CONNECTION_LOST') });
  });

  test('that stalls far past a deadline is dropped, and the node is quarantined until it answers', async () => {
    const node = await startNode();
    const client = connect([node.address], { stallTimeoutMs: 30, timeoutMs: 10_000 });
    await client.set('a', 'x');
    const answer = node.answer;
    node.answer = () => null;
    const down = once(client, 'node-down');
    await expect(client.get('a', { timeoutMs: 20 })).rejects.toEqual(coded('TIMEOUT'));
    expect((await down)[0]).toMatchObject({ node: node.address, reason: coded('TIMEOUT') });
    await expect(client.get('a')).rejects.toEqual(coded('NODE_DOWN'));
    const up = once(client, 'node-up');
    node.answer = answer;
    for (const socket of node.sockets) socket.destroy();
    await up;
    expect(await client.get('a')).toBe('x');
  });
});

describe('a dead node', () => {
  test('fails its requests at once, and is found again by itself', async () => {
    const node = await startNode();
    const client = connect([node.address], { connectTimeoutMs: 5000 });
    await client.set('a', 'x');
    const down = once(client, 'node-down');
    const { port } = node;
    await node.stop();
    await expect(client.get('a')).rejects.toEqual(coded('NODE_DOWN'));
    await down;
    await expect(client.get('a')).rejects.toEqual(coded('NODE_DOWN'));
    const up = once(client, 'node-up');
    await startNode(undefined, port);
    expect((await up)[0]).toEqual({ node: node.address });
    expect(await client.get('a')).toBeUndefined();
    const downAgain = once(client, 'node-down');
    await nodes[1].stop();
    await expect(client.get('a')).rejects.toEqual(coded('NODE_DOWN'));
    await downAgain;
  });

  test('costs only the keys that it owns', async () => {
    const [one, other] = [await startNode(), await startNode()];
    const client = connect([one.address, other.address]);
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
    await client.setMany(keys.map((key) => [key, key]));
    expect(one.items.size + other.items.size).toBe(100);
    await one.stop();
    await expect(client.getMany(keys)).rejects.toEqual(coded('NODE_DOWN'));
    const outcomes = await Promise.allSettled(keys.map((key) => client.get(key)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(other.items.size);
  });

  test('is a miss for reads when the options say so', async () => {
    const node = await startNode();
    const client = connect([node.address], { deadReads: 'miss' });
    await node.stop();
    expect(await client.get('a')).toBeUndefined();
    expect(await client.gets('a')).toBeUndefined();
    expect(await client.getMany(['a', 'b'])).toEqual(new Map());
    await expect(client.set('a', 'x')).rejects.toEqual(coded('NODE_DOWN'));
  });

  test('is a miss for its own keys only', async () => {
    const [one, other] = [await startNode(), await startNode()];
    const client = connect([one.address, other.address], { deadReads: 'miss' });
    const keys = Array.from({ length: 50 }, (_, index) => `key${index}`);
    await client.setMany(keys.map((key) => [key, key]));
    await one.stop();
    const found = await client.getMany(keys);
    expect([...found.keys()].sort()).toEqual([...other.items.keys()].sort());
  });

  test('is told apart in stats and flush', async () => {
    const [one, other] = [await startNode(), await startNode()];
    const client = connect([one.address, other.address]);
    await other.stop();
    const stats = await client.stats();
    expect(stats.get(one.address)).toEqual({ pid: '1', version: '1.6.45' });
    expect(stats.get(other.address)).toEqual(coded('NODE_DOWN'));
    await expect(client.flush()).rejects.toMatchObject({
      code: 'PARTIAL_FAILURE',
      failures: new Map([[other.address, coded('NODE_DOWN')]]),
    });
  });
});

describe('discovery', () => {
  test('that is not needed tells its list all the same', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    expect((await once(client, 'topology'))[0]).toMatchObject({ version: 0, added: [node.address] });
  });

  test('finds the nodes, and requests wait for it', async () => {
    const [one, other] = [await startNode(), await startNode()];
    const endpoint = await startNode(
      discoveryAnswer(
        () => ({ version: 3, nodes: [one, other] }),
        () => 'ERROR\r\n',
      ),
    );
    const client = connect(endpoint.address);
    const topology = once(client, 'topology');
    expect(await client.get('a')).toBeUndefined();
    expect((await topology)[0]).toMatchObject({ version: 3, added: [one.address, other.address], removed: [] });
    expect(client.nodes).toEqual([one.address, other.address]);
  });

  test('that nobody supports leaves the endpoint as the only node, and is tried again', async () => {
    const node = await startNode();
    const client = connect(node.address, { pollIntervalMs: 10 });
    await client.set('a', 'x');
    expect(client.nodes).toEqual([node.address]);
    const other = await startNode();
    const topology = once(client, 'topology');
    node.answer = discoveryAnswer(() => ({ version: 1, nodes: [node, other] }), node.answer);
    expect((await topology)[0]).toMatchObject({ version: 1, added: [other.address] });
    expect(await client.getMany(['a', 'b', 'c', 'd'])).toBeInstanceOf(Map);
  });

  test('that has not succeeded in time fails requests with the reason', async () => {
    const node = await startNode(() => 'SERVER_ERROR not yet\r\n');
    const client = connect(node.address);
    await expect(client.get('a', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'NO_TOPOLOGY',
      cause: { code: 'MALFORMED' },
    });
    await expect(client.stats('', { timeoutMs: 20 })).rejects.toEqual(coded('NO_TOPOLOGY'));
  });

  test('lets a node that left finish what it has, and closes its connection', async () => {
    const [one, other] = [await startNode(), await startNode()];
    let list = { version: 1, nodes: [one, other] };
    const endpoint = await startNode(
      discoveryAnswer(
        () => list,
        () => 'ERROR\r\n',
      ),
    );
    const client = connect(endpoint.address, { pollIntervalMs: 10 });
    await waitForTopology(client);
    const keys = Array.from({ length: 50 }, (_, index) => `key${index}`);
    await client.setMany(keys.map((key) => [key, key]));
    const answers: string[] = [];
    const answer = one.answer;
    one.answer = (command, socket) => {
      const reply = answer(command, socket);
      if (!command.line.startsWith('mg ')) return reply;
      answers.push(reply as string);
      return null;
    };
    const reading = Promise.all(keys.map((key) => client.get(key)));
    await eventually('the requests of the node', () => answers.length === one.items.size);
    list = { version: 2, nodes: [other] };
    await once(client, 'topology');
    for (const socket of one.sockets) socket.write(answers.join(''));
    expect(await reading).toEqual(keys);
    await eventually('the end of the connection', () => one.sockets.size === 0);
  });

  test('learns at once why a node is gone, so that its requests go to the new owner', async () => {
    const [one, other] = [await startNode(), await startNode()];
    let list = { version: 1, nodes: [one, other] };
    const endpoint = await startNode(
      discoveryAnswer(
        () => list,
        () => 'ERROR\r\n',
      ),
    );
    const client = connect(endpoint.address);
    const keys = Array.from({ length: 50 }, (_, index) => `key${index}`);
    await client.setMany(keys.map((key) => [key, key]));
    list = { version: 2, nodes: [other] };
    await one.stop();
    const values = await client.getMany(keys);
    expect(values.size).toBe(other.items.size);
    expect(client.nodes).toEqual([other.address]);
  });
});

test('a lost connection makes the client ask for news, also when no request can be repeated', async () => {
  const node = await startNode();
  let version = 1;
  node.answer = discoveryAnswer(() => ({ version, nodes: [node] }), node.answer);
  const client = connect(node.address);
  await client.set('a', 'x');
  const answer = node.answer;
  node.answer = (command, socket) => {
    node.answer = answer;
    version = 2;
    if (command.line.startsWith('ma ')) socket.destroy();
    return null;
  };
  const topology = once(client, 'topology');
  await expect(client.incr('n')).rejects.toEqual(coded('CONNECTION_LOST'));
  expect((await topology)[0]).toMatchObject({ version: 2 });
});

describe('the end of a client', () => {
  test('finishes what is in flight, and takes nothing more', async () => {
    const node = await startNode();
    const client = connect([node.address]);
    const work = [client.set('a', 'x'), client.get('a')];
    const closed = Promise.all([client.close(), client.close()]);
    await expect(client.get('b')).rejects.toEqual(coded('CLIENT_CLOSED'));
    expect(await Promise.all(work)).toEqual([undefined, 'x']);
    await closed;
    await expect(client.flush()).rejects.toEqual(coded('CLIENT_CLOSED'));
    await expect(client.stats()).rejects.toEqual(coded('CLIENT_CLOSED'));
    await eventually('the end of the connection', () => node.sockets.size === 0);
  });

  test('by destroy fails what is in flight', async () => {
    const node = await startNode(() => null);
    const client = connect([node.address]);
    const waiting = client.get('a');
    client.destroy();
    await expect(waiting).rejects.toEqual(coded('CLIENT_CLOSED'));
    await client.close();
  });
});

test('the diagnostics channel tells of every request with the names of OpenTelemetry', async () => {
  const node = await startNode();
  const client = connect([node.address]);
  const told: OperationMessage['attributes'][] = [];
  const listen = (message: unknown): void => {
    told.push((message as OperationMessage).attributes);
  };
  subscribe('tracing:shoal.client.operation:asyncEnd', listen);
  try {
    await client.get('a');
    await client.getMany(['a', 'b']);
    node.answer = () => 'SERVER_ERROR no\r\n';
    await client.set('a', 'x').catch(() => undefined);
  } finally {
    unsubscribe('tracing:shoal.client.operation:asyncEnd', listen);
  }
  const server = { 'db.system.name': 'memcached', 'server.address': '127.0.0.1', 'server.port': node.port };
  expect(told).toEqual([
    { ...server, 'db.operation.name': 'get' },
    { ...server, 'db.operation.name': 'getMany', 'db.operation.batch.size': 2 },
    { ...server, 'db.operation.name': 'set', 'error.type': 'SERVER_ERROR' },
  ]);
});
