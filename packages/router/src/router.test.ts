import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HashRing } from '@shoal/client';
import { ROUTER_DEFAULTS, type Router, type RouterOptions } from './options.js';
import { startRouter } from './router.js';
import { FakeNode } from './testing/fake-node.js';
import { TextClient, until } from './testing/text-client.js';

const TIMEOUT_MS = 150;

let nodes: FakeNode[] = [];
let router: Router;
let client: TextClient;

async function start(options: Partial<RouterOptions> = {}): Promise<void> {
  router = await startRouter({
    ...ROUTER_DEFAULTS,
    listen: [{ host: '127.0.0.1', port: 0 }],
    topology: { config: { version: 7, nodes: nodes.map(({ address }) => address) } },
    ...options,
  });
  client = await TextClient.open(router.addresses[0].port);
}

beforeEach(async () => {
  nodes = await Promise.all([FakeNode.start(), FakeNode.start(), FakeNode.start()]);
});

afterEach(async () => {
  client?.close();
  await router?.destroy();
  await Promise.all(nodes.map((node) => node.stop()));
});

/** `count` keys of the node with this index. */
function keysOf(index: number, count = 1): string[] {
  const ring = new HashRing(nodes.map(({ address }) => address));
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (ring.ownerOf(Buffer.from(`key${i}`)) === index) keys.push(`key${i}`);
  return keys;
}

const value = (key: string, bytes: string) => `VALUE ${key} 0 ${bytes.length}\r\n${bytes}\r\n`;

describe('requests', () => {
  test('go to the owner of their key, and values of several owners come in the order asked', async () => {
    await start();
    const keys = [keysOf(2), keysOf(0), keysOf(1), keysOf(0, 2).slice(1)].flat();
    for (const key of keys) expect(await client.ask(`set ${key} 0 0 3\r\nabc\r\n`, '\r\n')).toBe('STORED\r\n');
    expect(nodes.map(({ items }) => items.size)).toEqual([2, 1, 1]);
    const line = [keys[3], 'missing', keys[0], keys[1], keys[1], keys[2]];
    const expected = [keys[3], keys[0], keys[1], keys[1], keys[2]].map((key) => value(key, 'abc')).join('');
    expect(await client.ask(`get ${line.join(' ')}\r\n`, 'END\r\n')).toBe(`${expected}END\r\n`);
  });

  test('may arrive cut at any byte', async () => {
    await start();
    const [a] = keysOf(0);
    const [b] = keysOf(1);
    const sent = `set ${a} 0 0 4\r\nab\r\n\r\nget ${a} ${b}\r\nset ${b} 0 0 1 noreply\r\nx\r\nget ${b}\r\nbogus\r\nmn\r\n`;
    const heard = `STORED\r\n${value(a, 'ab\r\n')}END\r\n${value(b, 'x')}END\r\nERROR\r\nMN\r\n`;
    for (let cut = 1; cut < sent.length; cut++) {
      for (const node of nodes) node.items.clear();
      client.send(sent.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      expect(await client.ask(sent.slice(cut), 'MN\r\n')).toBe(heard);
    }
  });

  test('are answered in their order, however slow one node is', async () => {
    await start();
    const [slow] = keysOf(0);
    const [quick] = keysOf(1);
    nodes[0].isSilent = true;
    client.send(`get ${slow}\r\nset ${quick} 0 0 1\r\nx\r\nget ${quick}\r\nversion\r\n`);
    await until('the quick node to be asked', () => nodes[1].asked.length === 2);
    expect(client.received).toBe('');
    nodes[0].speak();
    expect(await client.ask('', 'VERSION 1.6.45\r\n')).toBe(
      `END\r\nSTORED\r\n${value(quick, 'x')}END\r\nVERSION 1.6.45\r\n`,
    );
  });

  test('reach nodes without noreply, and their answers do not reach the client', async () => {
    await start();
    const [key] = keysOf(0);
    const answer = await client.ask(
      `set ${key} 5 -1 1 noreply\r\nx\r\ndelete ${key} noreply\r\nget ${key}\r\n`,
      'END\r\n',
    );
    expect(answer).toBe('END\r\n');
    expect(nodes[0].asked).toEqual([`set ${key} 5 -1 1`, `delete ${key} 0`, `get ${key}`]);
  });

  test('of many clients share one connection a node', async () => {
    await start();
    const others = await Promise.all(Array.from({ length: 20 }, () => TextClient.open(router.addresses[0].port)));
    const keys = [0, 1, 2].flatMap((index) => keysOf(index));
    await Promise.all(others.map((other) => other.ask(`get ${keys.join(' ')}\r\n`, 'END\r\n')));
    expect(nodes.map(({ connections }) => connections)).toEqual([1, 1, 1]);
    for (const other of others) other.close();
  });

  test('with thousands of keys in a line are joined whole', async () => {
    await start();
    const keys = Array.from({ length: 9000 }, (_, index) => `key${index}`);
    nodes.forEach((node, index) => {
      for (const key of keysOf(index, 2000)) node.items.set(key, key);
    });
    const expected = keys.filter((key) => nodes.some(({ items }) => items.has(key))).map((key) => value(key, key));
    expect(await client.ask(`get ${keys.join(' ')}\r\nmn\r\n`, 'MN\r\n')).toBe(`${expected.join('')}END\r\nMN\r\n`);
  });

  test('with a value above the largest item are swallowed, and do not leave the old value', async () => {
    await start({ itemSizeMaxBytes: 10 });
    const [key] = keysOf(1);
    nodes[1].items.set(key, 'old');
    const answer = await client.ask(`set ${key} 0 0 11\r\n12345678901\r\nget ${key}\r\n`, 'END\r\n');
    expect(answer).toBe('SERVER_ERROR object too large for cache\r\nEND\r\n');
  });

  test('that concern one node are refused, with their data blocks', async () => {
    await start();
    const sent =
      'shutdown\r\nlru mode flat\r\nwatch\r\nconfig set cluster 0 3\r\nget\r\nconfig delete cluster\r\nmn\r\n';
    expect(await client.ask(sent, 'MN\r\n')).toBe(`${'CLIENT_ERROR ask a node\r\n'.repeat(5)}MN\r\n`);
  });

  test('are refused with a reason while no node is known', async () => {
    await start({ topology: null });
    const none = 'SERVER_ERROR router: no node is known yet\r\n';
    const sent =
      'get a\r\nget a b\r\nset a 0 0 1\r\nx\r\nset a 0 0 1 noreply\r\nx\r\nflush_all\r\nconfig get cluster\r\nmn\r\n';
    expect(await client.ask(sent, 'MN\r\n')).toBe(`${none.repeat(4)}END\r\nMN\r\n`);
  });
});

describe('discovery', () => {
  test('is answered in one piece, also when asked oddly', async () => {
    await start();
    const payload = `7\n${nodes.map(({ port }) => `127.0.0.1|127.0.0.1|${port}`).join(' ')}\n`;
    const answer = `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
    expect(
      await client.ask('config get cluster\r\nconfig get cluster \r\nconfig get cluster\n', answer.repeat(3)),
    ).toBe(answer.repeat(3));
    const item = value('AmazonElastiCache:cluster', payload);
    const [key] = keysOf(0);
    nodes[0].items.set(key, 'v');
    const sent = `get AmazonElastiCache:cluster\r\nget ${key} AmazonElastiCache:cluster missing\r\n`;
    expect(await client.ask(sent, `${value(key, 'v')}${item}END\r\n`)).toBe(
      `${item}END\r\n${value(key, 'v')}${item}END\r\n`,
    );
  });

  test('tells clients of each listener their own list', async () => {
    const other = { version: 7, nodes: nodes.map(({ port }) => ({ hostname: 'outside', ip: '', port })) };
    await start({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.1', port: 0 },
      ],
    });
    const [, second] = router.addresses;
    const { config } = router.topology!;
    router.apply({ config, listenerConfigs: new Map([[second.port, other]]) });
    const outsider = await TextClient.open(second.port);
    expect(await outsider.ask('config get cluster\r\n', 'END\r\n')).toContain(`outside||${nodes[0].port}`);
    expect(await client.ask('config get cluster\r\n', 'END\r\n')).not.toContain('outside');
    outsider.close();
  });
});

describe('a node that fails', () => {
  test('costs its keys only, with its name and the reason', async () => {
    await start();
    const [dead] = keysOf(0);
    const [alive] = keysOf(1);
    nodes[1].items.set(alive, 'v');
    await nodes[0].stop();
    const refused = `SERVER_ERROR ${nodes[0].name}: connection refused\r\n`;
    expect(await client.ask(`get ${dead}\r\n`, '\r\n')).toBe(refused);
    expect(
      await client.ask(`set ${dead} 0 0 1\r\nx\r\nset ${dead} 0 0 1 noreply\r\nx\r\nget ${alive}\r\n`, 'END\r\n'),
    ).toBe(`${refused}${value(alive, 'v')}END\r\n`);
    expect(await client.ask(`get ${dead} ${alive}\r\n`, '\r\n')).toBe(`${value(alive, 'v')}${refused}`);
  });

  test('makes reads miss where the router is told so', async () => {
    await start({ deadReads: 'miss' });
    const [dead] = keysOf(0);
    const [alive] = keysOf(1);
    nodes[1].items.set(alive, 'v');
    await nodes[0].stop();
    const sent = `get ${dead}\r\nget ${dead} ${alive}\r\nmg ${dead} v k Oxyz\r\nmg ${dead} v q\r\nset ${dead} 0 0 1\r\nx\r\n`;
    const heard = `END\r\n${value(alive, 'v')}END\r\nEN k${dead} Oxyz\r\nSERVER_ERROR ${nodes[0].name}: connection refused\r\n`;
    expect(await client.ask(sent, 'refused\r\n')).toBe(heard);
  });

  test('by silence is given up after the timeout, then refused at once, and asked again when it is back', async () => {
    await start({ nodeTimeoutMs: TIMEOUT_MS });
    const [key] = keysOf(0);
    const late = `SERVER_ERROR ${nodes[0].name}: no answer within ${TIMEOUT_MS} ms\r\n`;
    nodes[0].isSilent = true;
    expect(await client.ask(`get ${key}\r\n`, '\r\n')).toBe(late);
    expect(await client.ask(`get ${key}\r\n`, '\r\n')).toBe(late);
    expect(nodes[0].asked.filter((line) => line.startsWith('get'))).toHaveLength(1);
    nodes[0].speak();
    let answer = '';
    while (answer !== 'END\r\n') answer = await client.ask(`get ${key}\r\n`, '\r\n');
  });

  test('by hanging up is asked once more for reads, and not for writes', async () => {
    await start();
    const [key] = keysOf(0);
    let hangUps = 1;
    nodes[0].items.set(key, 'v');
    nodes[0].answerTo = (line) => (line !== 'version' && hangUps-- > 0 ? 'hang up' : null);
    expect(await client.ask(`get ${key}\r\n`, 'END\r\n')).toBe(`${value(key, 'v')}END\r\n`);
    hangUps = 1;
    expect(await client.ask(`set ${key} 0 0 1\r\nx\r\n`, '\r\n')).toContain('the node closed the connection');
    hangUps = 2;
    expect(await client.ask(`get ${key}\r\n`, '\r\n')).toContain(`SERVER_ERROR ${nodes[0].name}`);
  });

  test('by nonsense is given up', async () => {
    await start();
    const [key] = keysOf(0);
    nodes[0].answerTo = () => 'VALUE nonsense\r\n';
    expect(await client.ask(`get ${key}\r\n`, '\r\n')).toBe(
      `SERVER_ERROR ${nodes[0].name}: it sent what is no reply\r\n`,
    );
  });

  test('is named in binary answers too, and quiet forms stay quiet about misses alone', async () => {
    const [dead] = keysOf(0);
    await start();
    await nodes[0].stop();
    const frame = (opcode: number, extras: number, key: string) => {
      const bytes = Buffer.alloc(24 + extras + key.length);
      bytes.set([0x80, opcode, 0, key.length, extras, 0, 0, 0, 0, 0, 0, extras + key.length, 1, 2, 3, opcode]);
      bytes.write(key, 24 + extras, 'latin1');
      return bytes.toString('latin1');
    };
    const noop = frame(0x0a, 0, '');
    const isOver = `${'\x81\x0a'.padEnd(15, '\0').slice(0, 12)}\x01\x02\x03\x0a${'\0'.repeat(8)}`;
    const answer = await client.ask(`${frame(0x09, 0, dead)}${frame(0x11, 8, dead)}${noop}`, isOver);
    const failure = (opcode: number) => {
      const text = `${nodes[0].name}: connection refused`;
      const head = Buffer.alloc(24);
      head.set([0x81, opcode, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, text.length, 1, 2, 3, opcode]);
      return head.toString('latin1') + text;
    };
    expect(answer).toBe(`${failure(0x09)}${failure(0x11)}${isOver}`);
    await router.destroy();
    await start({ deadReads: 'miss' });
    const misses = await client.ask(`${frame(0x09, 0, dead)}${frame(0x0c, 0, dead)}${noop}`, isOver);
    expect(misses.slice(0, -24)).toContain(`\x81\x0c\0${String.fromCharCode(dead.length)}`);
    expect(misses.slice(24, -24)).toBe(dead);
  });

  test('is named when a command for all nodes fails', async () => {
    await start();
    await nodes[2].stop();
    expect(await client.ask('flush_all\r\n', '\r\n')).toBe(`SERVER_ERROR ${nodes[2].name}: connection refused\r\n`);
  });

  test('behind a name that nobody knows says so', async () => {
    await start({ topology: { config: { version: 1, nodes: [{ hostname: 'nowhere.invalid', ip: '', port: 1 }] } } });
    expect(await client.ask('get a\r\n', '\r\n')).toBe(
      'SERVER_ERROR nowhere.invalid:1: the host name is not known\r\n',
    );
  });
});

describe('a new topology', () => {
  test('lets requests end where they began, and sends the next by the new list', async () => {
    await start();
    const keys = keysOf(0, 5);
    nodes[0].isSilent = true;
    client.send(`get ${keys[0]}\r\n`);
    await until('the node to be asked', () => nodes[0].asked.length === 1);
    router.apply({ config: { version: 8, nodes: [nodes[1].address, nodes[2].address] } });
    client.send(keys.map((key) => `set ${key} 0 0 1\r\nx\r\n`).join(''));
    await until('the others to be asked', () => nodes[1].asked.length + nodes[2].asked.length === 5);
    nodes[0].speak();
    expect(await client.ask('mn\r\n', 'MN\r\n')).toBe(`END\r\n${'STORED\r\n'.repeat(5)}MN\r\n`);
    expect(nodes[0].asked).toHaveLength(1);
  });
});

describe('all nodes', () => {
  test('are flushed, and their numbers added', async () => {
    await start();
    nodes.forEach((node, index) => {
      for (const key of keysOf(index, index + 1)) node.items.set(key, 'v');
    });
    const sums = await client.ask('stats\r\n', 'END\r\n');
    expect(sums).toContain('STAT curr_items 6\r\n');
    expect(sums).toContain('STAT hash_power_level 16\r\n');
    expect(sums).toContain(`STAT pid ${process.pid}\r\n`);
    const rows = await client.ask('stats nodes\r\n', 'END\r\n');
    expect(rows.split('\r\n').map((row) => row.split(' ')[1])).toEqual([
      ...nodes.map(({ name }) => name),
      undefined,
      undefined,
    ]);
    const sent = `flush_all\r\nget ${keysOf(1)[0]}\r\nflush_all 0 noreply\r\nflush_all x\r\n`;
    expect(await client.ask(sent, 'argument\r\n')).toBe('OK\r\nEND\r\nCLIENT_ERROR invalid exptime argument\r\n');
  });
});

describe('a client', () => {
  test('that reads nothing is not asked for on and on', async () => {
    await start();
    const [key] = keysOf(0);
    nodes[0].items.set(key, 'v'.repeat(50_000));
    client.socket.pause();
    const count = 1500;
    client.send(`get ${key}\r\n`.repeat(count));
    let before = -1;
    await until('the node to be asked no more', () => {
      const isSteady = nodes[0].asked.length === before && before > 0;
      before = nodes[0].asked.length;
      return isSteady;
    });
    expect(nodes[0].asked.length).toBeLessThan(count / 2);
    client.socket.resume();
    await until('all answers', () => client.received.length === count * (value(key, 'v'.repeat(50_000)).length + 5));
  });

  test('that says it is done still gets its answers', async () => {
    await start();
    const [key] = keysOf(0);
    client.socket.end(`get ${key}\r\n`.repeat(3000));
    await until('the router to close', () => client.isClosed);
    expect(client.received).toBe('END\r\n'.repeat(3000));
  });

  test('above the most is told so', async () => {
    await start({ maxConnections: 1 });
    const second = await TextClient.open(router.addresses[0].port);
    await until('the router to close', () => second.isClosed);
    expect(second.received).toBe('ERROR Too many open connections\r\n');
  });
});

describe('starting and stopping', () => {
  test('an address that is taken is refused with a code', async () => {
    await start();
    const [taken] = router.addresses;
    const again = startRouter({ ...ROUTER_DEFAULTS, listen: [taken], topology: null });
    await expect(again).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `Cannot listen on 127.0.0.1:${taken.port}: the address is in use`,
    });
  });

  test('options out of range are named together', async () => {
    await start();
    const bad = startRouter({ ...ROUTER_DEFAULTS, listen: [], topology: null, nodeTimeoutMs: 0 });
    await expect(bad).rejects.toMatchObject({ code: 'BAD_OPTIONS', message: /nowhere to listen; nodeTimeoutMs/ });
  });

  test('a topology that no client could read is refused', async () => {
    await start();
    const nowhere = { config: { version: 0, nodes: [] } };
    const bad = startRouter({ ...ROUTER_DEFAULTS, listen: [{ host: '127.0.0.1', port: 0 }], topology: nowhere });
    await expect(bad).rejects.toMatchObject({ code: 'BAD_OPTIONS', message: expect.stringContaining('without nodes') });
    expect(() => router.apply(nowhere)).toThrow(RangeError);
    expect(router.topology?.config.version).toBe(7);
  });

  test('a close answers what is under way', async () => {
    await start();
    const [key] = keysOf(0);
    nodes[0].isSilent = true;
    client.send(`get ${key}\r\n`);
    await until('the node to be asked', () => nodes[0].asked.length === 1);
    const closed = router.close();
    nodes[0].speak();
    await closed;
    await until('the router to close', () => client.isClosed);
    expect(client.received).toBe('END\r\n');
  });
});
