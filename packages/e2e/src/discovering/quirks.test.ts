/**
 * What discovering clients rely on beyond the documented reply, each row with the client that breaks without it: asked of
 * the endpoint and of a node of a real pool, since some clients ask the one, some the other, and some both.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { PoolProcess, portsOf } from '../pool/pool-process.js';

const CLUSTER = 'quirks';
const COMMAND = 'config get cluster\r\n';
const LEGACY_KEY = 'AmazonElastiCache:cluster';
/** 1.4.14, the oldest that clients take for able to answer `config get`. */
const OLDEST_VERSION = 1_004_014;
const HEADER_BYTES = 24;
const FLAGS_BYTES = 4;
const INT32_MAX = 0x7fffffff;

const pool = new PoolProcess();
const ports = { endpoint: 0, node: 0 };

beforeAll(async () => {
  await pool.start();
  await pool.client.createCacheCluster({
    CacheClusterId: CLUSTER,
    NumCacheNodes: 3,
    Port: 0,
    MemoryMegabytes: 8,
    Threads: 1,
    DrainSeconds: 0,
  });
  const cluster = await pool.settled(CLUSTER, 3);
  ports.endpoint = cluster.ConfigurationEndpoint.Port;
  ports.node = portsOf(cluster)[0] ?? 0;
});
afterAll(() => pool.remove());

async function talk<Result>(port: number, work: (talk: Conversation) => Promise<Result>): Promise<Result> {
  const conversation = await Conversation.open({ host: '127.0.0.1', port });
  try {
    return await work(conversation);
  } finally {
    conversation.destroy();
  }
}

const ask = (port: number, request: string, end: string): Promise<string> =>
  talk(port, (conversation) => conversation.askUntil(request, end));

/** The two lines of the list, with both their ends. */
function payloadOf(reply: string): string {
  const [, bytes, rest] = /^CONFIG cluster 0 (\d+)\r\n([\s\S]*)$/.exec(reply) ?? [];
  expect(rest?.slice(Number(bytes))).toBe('\r\nEND\r\n');
  return rest.slice(0, Number(bytes));
}

const payloadAt = async (port: number): Promise<string> => payloadOf(await ask(port, COMMAND, 'END\r\n'));

function nodesIn(payload: string): string[][] {
  return payload
    .split('\n')[1]
    .split(' ')
    .map((node) => node.split('|'));
}

function binaryRequest({ key, opaque }: { key: string; opaque: number }): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + key.length);
  bytes.set([0x80, 0x60, 0, key.length]);
  bytes.writeUInt32BE(key.length, 8);
  bytes.writeUInt32BE(opaque, 12);
  bytes.write(key, HEADER_BYTES, 'latin1');
  return bytes;
}

async function askBinary(port: number, key: string): Promise<Buffer> {
  return talk(port, async (conversation) => {
    conversation.send(binaryRequest({ key, opaque: 0x01020304 }));
    const { length } = Buffer.from(await payloadAt(port));
    await conversation.until(() => conversation.received.length >= HEADER_BYTES + FLAGS_BYTES + length, 'the reply');
    return conversation.take();
  });
}

interface Quirk {
  /** Who needs it. */
  readonly client: string;
  readonly quirk: string;
  readonly holds: (port: number) => Promise<void>;
}

const QUIRKS: readonly Quirk[] = [
  {
    client: 'elasticache-client (its process ends) and memcached-elasticache',
    quirk: 'head, list and end arrive at once',
    holds: (port) =>
      talk(port, async (conversation) => {
        conversation.send(COMMAND);
        await conversation.until(() => conversation.received.includes('END\r\n'), 'the list');
        expect(conversation.arrivals).toBe(1);
      }),
  },
  {
    client: 'ecad, pymemcache, django-elasticache',
    quirk: 'both lines end in a bare LF, and the length counts them',
    holds: async (port) => expect(await payloadAt(port)).toMatch(/^[1-9]\d*\n[^\r\n]+\n$/),
  },
  {
    client: 'memcached-elasticache (a node `:undefined`) and pymemcache',
    quirk: 'one space between nodes and none after the last',
    holds: async (port) =>
      expect((await payloadAt(port)).split('\n')[1]).toMatch(/^[^ |]+\|[^ |]+\|\d+( [^ |]+\|[^ |]+\|\d+){2}$/),
  },
  {
    client: 'elasticache-client, gomemcache and .NET, which use the ip field alone',
    quirk: 'the ip field is an IPv4 address with dots',
    holds: async (port) => {
      for (const [, ip] of nodesIn(await payloadAt(port))) expect(ip).toMatch(/^\d{1,3}(\.\d{1,3}){3}$/);
    },
  },
  {
    client: 'dalli-elasticache, which stops at END and knows no underscore',
    quirk: 'hostnames are lower-case, and none is empty',
    holds: async (port) => {
      for (const [hostname] of nodesIn(await payloadAt(port))) expect(hostname).toMatch(/^[a-z0-9.-]+$/);
    },
  },
  {
    client: '.NET and xmemcached, which read an int32; libmemcached, to which 0 is an error',
    quirk: 'the version is from 1 to 2³¹ − 1',
    holds: async (port) => {
      const version = Number((await payloadAt(port)).split('\n')[0]);
      expect(version).toBeGreaterThanOrEqual(1);
      expect(version).toBeLessThanOrEqual(INT32_MAX);
    },
  },
  {
    client: 'npm memcached (its process ends) and all that compare versions',
    quirk: '`version` is three plain numbers, new enough to be asked for the list',
    holds: async (port) => {
      const [, ...parts] = /^VERSION (\d+)\.(\d+)\.(\d+)\r\n$/.exec(await ask(port, 'version\r\n', '\r\n')) ?? [];
      const [major, minor, patch] = parts.map(Number);
      expect(major * 1_000_000 + minor * 1000 + patch).toBeGreaterThanOrEqual(OLDEST_VERSION);
    },
  },
  {
    client: '.NET, which reads the version there',
    quirk: '`stats` tells the same version',
    holds: async (port) => {
      const version = (await ask(port, 'version\r\n', '\r\n')).replace('VERSION ', '').trim();
      expect(await ask(port, 'stats\r\n', 'END\r\n')).toContain(`STAT version ${version}\r\n`);
    },
  },
  ...[
    { client: 'libmemcached and PHP', request: 'config get cluster \r\n', what: 'a space before the CRLF' },
    { client: 'django-elasticache and elasticache_pyclient', request: 'config get cluster\n', what: 'a bare LF' },
  ].map(({ client, request, what }) => ({
    client,
    quirk: `${what} after the command is fine`,
    holds: async (port: number) => expect(payloadOf(await ask(port, request, 'END\r\n'))).toBe(await payloadAt(port)),
  })),
  ...['get', 'gets'].map((verb) => ({
    client: 'Java, libmemcached and old engines',
    quirk: `\`${verb} ${LEGACY_KEY}\` answers the same list as a value`,
    holds: async (port: number) => {
      const payload = await payloadAt(port);
      const [, value] =
        /^VALUE AmazonElastiCache:cluster 0 \d+(?: \d+)?\r\n([\s\S]*)\r\nEND\r\n$/.exec(
          await ask(port, `${verb} ${LEGACY_KEY}\r\n`, 'END\r\n'),
        ) ?? [];
      expect(value).toBe(payload);
    },
  })),
  ...['cluster', ''].map((key) => ({
    client: 'Java, libmemcached and xmemcached in the binary dialect',
    quirk: `binary 0x60 with the key "${key}" answers four bytes of flags, then the same list`,
    holds: async (port: number) => {
      const payload = await payloadAt(port);
      const reply = await askBinary(port, key);
      const [magic, opcode, keyHigh, keyLow, extras, dataType, statusHigh, statusLow] = reply;
      expect([magic, opcode, keyHigh, keyLow, extras, dataType]).toEqual([0x81, 0x60, 0, 0, FLAGS_BYTES, 0]);
      expect([statusHigh, statusLow]).toEqual([0, 0]);
      expect(reply.readUInt32BE(8)).toBe(FLAGS_BYTES + payload.length);
      expect(reply.readUInt32BE(12)).toBe(0x01020304);
      expect(reply.readUInt32BE(HEADER_BYTES)).toBe(0);
      expect(reply.subarray(HEADER_BYTES + FLAGS_BYTES).toString()).toBe(payload);
    },
  })),
  {
    client: 'Java, which goes on to the legacy key',
    quirk: '`config get` of what is not set is END alone',
    holds: async (port) => expect(await ask(port, 'config get nothing\r\n', 'END\r\n')).toBe('END\r\n'),
  },
  {
    client: 'memcached-elasticache, whose program works with the endpoint until its first discovery is done',
    quirk: 'data commands are served on the connection that discovers',
    holds: async (port) =>
      talk(port, async (conversation) => {
        expect(await conversation.askUntil('set quirk 0 0 2\r\nok\r\n', 'STORED\r\n')).toBe('STORED\r\n');
        expect(payloadOf(await conversation.askUntil(COMMAND, 'END\r\n'))).toBe(await payloadAt(port));
        expect(await conversation.askUntil('get quirk\r\n', 'END\r\n')).toBe('VALUE quirk 0 2\r\nok\r\nEND\r\n');
      }),
  },
];

describe.each(['endpoint', 'node'] as const)('at the %s', (place) => {
  test.each(QUIRKS.map((quirk) => ({ ...quirk, toString: () => quirk.quirk })))('$quirk (for $client)', ({ holds }) =>
    holds(ports[place]),
  );
});

test('the endpoint and every node tell one list (for clients that poll the nodes)', async () => {
  const nodePorts = portsOf(await pool.describe(CLUSTER));
  const lists = await Promise.all([ports.endpoint, ...nodePorts].map((port) => payloadAt(port ?? 0)));
  expect(new Set(lists).size).toBe(1);
});

test('the order is stable: nodes come at the end or at the lowest free id, the others stay (for modulo clients)', async () => {
  const idsAndPorts = async (count: number) => {
    const cluster = await pool.settled(CLUSTER, count);
    const listed = nodesIn(await payloadAt(ports.endpoint)).map(([, , port]) => Number(port));
    expect(listed).toEqual(portsOf(cluster));
    return cluster.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId);
  };
  const versionNow = async () => Number((await payloadAt(ports.endpoint)).split('\n')[0]);
  const versions = [await versionNow()];
  const resize = async (NumCacheNodes: number, CacheNodeIdsToRemove?: string[]) => {
    await pool.client.modifyCacheCluster({ CacheClusterId: CLUSTER, NumCacheNodes, CacheNodeIdsToRemove });
    const ids = await idsAndPorts(NumCacheNodes);
    versions.push(await versionNow());
    return ids;
  };
  expect(await resize(4)).toEqual(['0001', '0002', '0003', '0004']);
  expect(await resize(3, ['0002'])).toEqual(['0001', '0003', '0004']);
  expect(await resize(5)).toEqual(['0001', '0002', '0003', '0004', '0005']);
  expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
});
