/** Two daemons over one etcd: one list, one leader, and what happens when the leader or etcd goes away. */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { freePort } from '../harness/free-port.js';
import { runs, testWith } from '../harness/outside-program.js';
import { shoalCommand, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import { PoolProcess, pidOf } from '../pool/pool-process.js';
import { EtcdServer } from '../registry/etcd-server.js';
import { ask, askList, portsIn, type ServerAnswer } from './question.js';

const CLUSTER = 'shared';
const TOKEN = 'token-of-this-test';
const HAS_ETCD = runs('etcd', ['--version']);
const etcdTest = testWith('etcd', HAS_ETCD);
const QUICK = { heartbeatMs: 200, ownerGoneMs: 2_000 };

interface Daemon {
  readonly host: string;
  readonly pool: PoolProcess;
  registrationPort: number;
}

const daemons: Daemon[] = ['127.0.0.1', '127.0.0.2'].map((host) => ({
  host,
  pool: new PoolProcess(),
  registrationPort: 0,
}));
const nodes: ServerProcess[] = [];
/** The highest version that each observer showed. */
const versions = new Map<string, number>();
const fallen: string[] = [];
let etcd: EtcdServer | null = null;
let endpointPort = 0;

beforeAll(async () => {
  if (!HAS_ETCD) return;
  etcd = await EtcdServer.start();
  for (const daemon of daemons) await startDaemon(daemon);
  const created = { CacheClusterId: CLUSTER, Driver: 'registered', Port: 0, DrainSeconds: 1 } as const;
  endpointPort = (await daemons[0].pool.client.createCacheCluster(created)).CacheCluster.ConfigurationEndpoint.Port;
});

afterAll(async () => {
  if (etcd === null) return;
  for (const node of nodes) await node.stop('SIGKILL');
  for (const { pool } of daemons) await pool.remove();
  await etcd.end();
});

afterEach(() => {
  expect(fallen).toEqual([]);
});

async function startDaemon(daemon: Daemon): Promise<void> {
  const { host, pool, registrationPort } = daemon;
  const registration = { host, port: registrationPort };
  await pool.start({ listenHost: host, registry: etcd?.url, registration, token: TOKEN, ...QUICK });
  daemon.registrationPort = (await pool.client.describePool()).Pool.Registration?.Port ?? 0;
}

async function startNode(): Promise<ServerProcess> {
  const port = String(await freePort());
  const pool = daemons.map(({ host, registrationPort }) => `${host}:${registrationPort}`).join(',');
  const membership = ['--pool', pool, '--cluster', CLUSTER, '--advertise', `127.0.0.1:${port}`];
  const flags = ['-l', '127.0.0.1', '-p', port, '-U', '0', '-m', '8', ...membership];
  const node = await ServerProcess.start(shoalCommand(Transport.EPOLL, flags), { SHOAL_POOL_TOKEN: TOKEN });
  nodes.push(node);
  return node;
}

/** What a server shows, whose version must not be lower than the one before. */
async function shownBy(host: string, port: number): Promise<ServerAnswer | null> {
  const answer = await askList(port, host);
  const name = `${host}:${port}`;
  const before = versions.get(name) ?? 0;
  if (answer !== null && answer.version < before) fallen.push(`${name}: ${before}, then ${answer.version}`);
  versions.set(name, Math.max(before, answer?.version ?? 0));
  return answer;
}

/** Once these endpoints and all nodes show one list, of these nodes; its version. */
async function agreed(endpoints: readonly Daemon[] = daemons): Promise<number> {
  const wanted = nodes.map(({ port }) => port).sort();
  let version = 0;
  await eventually(`one list of ports ${wanted} everywhere`, async () => {
    const shown = await Promise.all([
      ...endpoints.map(({ host }) => shownBy(host, endpointPort)),
      ...nodes.map(({ port }) => shownBy('127.0.0.1', port)),
    ]);
    version = shown[0]?.version ?? 0;
    return (
      shown.every((each) => each !== null && each.version === version && each.list === shown[0]?.list) &&
      portsIn(shown[0]?.list ?? '')
        .toSorted()
        .join() === wanted.join()
    );
  });
  return version;
}

async function leads({ pool }: Daemon): Promise<boolean> {
  return (await pool.client.describePool()).Pool.Registry.Leader;
}

async function reaches({ pool }: Daemon): Promise<boolean> {
  return (await pool.client.describePool()).Pool.Registry.Reachable;
}

/** Through one endpoint a value is set, through the other it is got. */
async function passOn(from: Daemon, to: Daemon, value: string): Promise<void> {
  const keys = Array.from({ length: 20 }, (_, index) => `key:${index}`);
  const sets = keys.map((key) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`).join('');
  const isWhole = (text: string) => text.endsWith('MN\r\n');
  const stored = await ask({ port: endpointPort, host: from.host, request: `${sets}mn\r\n`, isWhole });
  expect(stored).toBe(`${'STORED\r\n'.repeat(keys.length)}MN\r\n`);
  const request = `get ${keys.join(' ')}\r\nmn\r\n`;
  const got = await ask({ port: endpointPort, host: to.host, request, isWhole });
  expect(got?.match(/^VALUE/gm)).toHaveLength(keys.length);
}

etcdTest('two daemons serve one list with one version, and route alike', async () => {
  for (let count = 0; count < 3; count++) await startNode();
  await agreed();
  expect(await Promise.all(daemons.map(leads))).toEqual(expect.arrayContaining([true, false]));
  await passOn(daemons[0], daemons[1], 'one');
  await passOn(daemons[1], daemons[0], 'two');
});

etcdTest(
  'when the leader is killed the other one leads, nodes serve on, and lists go on from their version',
  async () => {
    const before = await agreed();
    const leader = daemons[(await leads(daemons[0])) ? 0 : 1];
    const other = daemons[leader === daemons[0] ? 1 : 0];
    await leader.pool.end('SIGKILL');
    await eventually('the other daemon to lead', async () => {
      expect(await agreed([other])).toBe(before);
      return leads(other);
    });
    await passOn(other, other, 'three');
    await startNode();
    expect(await agreed([other])).toBe(before + 1);
    await startDaemon(leader);
    expect(await agreed()).toBe(before + 1);
    expect(await leads(leader)).toBe(false);
  },
);

etcdTest('while etcd is away lists stand still and nodes serve; when it is back both daemons go on', async () => {
  const before = await agreed();
  await etcd?.kill();
  await eventually('both to notice', async () => !(await reaches(daemons[0])) && !(await reaches(daemons[1])));
  for (const { pool } of daemons) {
    const { Reason } = (await pool.client.describePool()).Pool.Registry;
    expect(Reason).toContain(`127.0.0.1:${etcd?.clientPort}`);
  }
  const newcomer = await startNode();
  nodes.pop();
  await eventually('the newcomer to be refused', () => newcomer.output.includes('registry'));
  expect(await agreed()).toBe(before);
  await passOn(daemons[0], daemons[1], 'four');
  await passOn(daemons[1], daemons[0], 'five');
  await etcd?.up();
  nodes.push(newcomer);
  expect(await agreed()).toBe(before + 1);
  expect(await Promise.all(daemons.map(reaches))).toEqual([true, true]);
});

etcdTest(
  'a cluster whose daemon was killed is deleted by the other one, and its nodes end when that daemon is back',
  async () => {
    const [owner, other] = daemons;
    const id = 'local';
    const created = { CacheClusterId: id, NumCacheNodes: 1, Port: 0, MemoryMegabytes: 8 };
    await owner.pool.client.createCacheCluster(created);
    const pid = pidOf(await owner.pool.settled(id, 1), 0);
    await owner.pool.end('SIGKILL');
    await other.pool.client.deleteCacheCluster({ CacheClusterId: id });
    await eventually('the cluster to be gone', async () => !(await idsOf(other)).includes(id));
    expect(process.kill(pid, 0)).toBe(true);
    await startDaemon(owner);
    await eventually('its node to end', () => !lives(pid));
    expect(await idsOf(owner)).toEqual(await idsOf(other));
  },
);

async function idsOf({ pool }: Daemon): Promise<readonly string[]> {
  return (await pool.client.describeCacheClusters()).CacheClusters.map(({ CacheClusterId }) => CacheClusterId);
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
