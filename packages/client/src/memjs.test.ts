import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HashRing } from './hash-ring.js';
import {
  createFollowingClient,
  type FollowOptions,
  followCluster,
  type MemjsClient,
  type MemjsFollower,
  type MemjsServer,
} from './memjs.js';
import { DiscoveryServer } from './testing/discovery-server.js';
import { eventually } from './testing/eventually.js';

/** As much of memjs's server as the adapter knows. The real one is in packages/e2e. */
class FakeServer implements MemjsServer {
  closed = false;
  errors = 0;
  errorCallbacks: Record<string, unknown> = {};

  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly options?: object;

  constructor(host: string, port: number, username?: string, password?: string, options?: object) {
    Object.assign(this, { username, password, options });
    this.host = host;
    this.port = port;
  }

  error(): void {
    this.errors++;
  }

  close(): void {
    this.closed = true;
  }
}

class FakeClient implements MemjsClient {
  servers: MemjsServer[];
  closed = false;

  constructor(servers: MemjsServer[]) {
    this.servers = servers;
  }

  getServer(key: string): number {
    return key.length % this.servers.length;
  }

  close(): void {
    this.closed = true;
  }

  quit(): void {
    this.close();
  }
}

const nodesOn = (...ports: number[]) => ports.map((port) => ({ hostname: 'cache.local', ip: '10.0.0.1', port }));

describe('a memjs client that follows a cluster', () => {
  let endpoint: DiscoveryServer;
  let first: FakeServer;
  let client: FakeClient;
  let follower: MemjsFollower;

  const ports = () => client.servers.map(({ port }) => port);
  const follow = (options: FollowOptions = {}): void => {
    follower = followCluster(client, endpoint.address, { timeoutMs: 10_000, graceMs: 10, ...options });
  };
  const publish = async (version: number, nodes: ReturnType<typeof nodesOn>): Promise<void> => {
    endpoint.list(version, nodes);
    await follower.poller.pollNow();
  };

  beforeEach(async () => {
    endpoint = await DiscoveryServer.start();
    first = new FakeServer('127.0.0.1', endpoint.port, 'somebody', 'secret', { timeout: 1 });
    client = new FakeClient([first]);
  });
  afterEach(async () => {
    follower?.stop();
    await endpoint.close();
  });

  test('gets the servers of the list in its order, made like the one it had', async () => {
    follow();
    await publish(1, nodesOn(3, 1, 2));
    expect(ports()).toEqual([3, 1, 2]);
    expect(client.servers[0]).toMatchObject({ host: 'cache.local', username: 'somebody', password: 'secret' });
    expect(client.servers[0].options).toBe(first.options);
  });

  test('keeps the servers that stay, and replaces one whose address changed', async () => {
    follow();
    await publish(1, nodesOn(1, 2));
    const [one, two] = client.servers;
    await publish(2, [...nodesOn(9, 1), { hostname: 'cache.local', ip: '10.0.0.2', port: 2 }]);
    expect(ports()).toEqual([9, 1, 2]);
    expect(client.servers[1]).toBe(one);
    expect(client.servers[2]).not.toBe(two);
  });

  test('keeps a server it was made with when the list names it', async () => {
    follow();
    await publish(1, [endpoint.node, ...nodesOn(1)]);
    expect(client.servers[0]).toBe(first);
  });

  test('closes a server that left after the grace time, and not while it owes an answer', async () => {
    follow();
    await publish(1, nodesOn(1, 2));
    const [idle, busy] = client.servers as FakeServer[];
    busy.errorCallbacks[7] = () => undefined;
    await publish(2, nodesOn(3));
    await eventually('the servers to be closed', () => idle.closed && first.closed);
    expect(busy.closed).toBe(false);
    delete busy.errorCallbacks[7];
    await eventually('the busy server to be closed', () => busy.closed);
  });

  test('closes a server that is never idle in the end', async () => {
    follow({ graceMs: 1 });
    first.errorCallbacks[7] = () => undefined;
    await publish(1, nodesOn(3));
    await eventually('the server to be closed', () => first.closed);
  });

  test("places keys by memjs's own remainder before the first list and by the ring from then on", async () => {
    follow();
    client.servers = [first, first, first];
    expect(client.getServer('four')).toBe(1);
    await publish(1, nodesOn(1, 2, 3));
    const ring = new HashRing(nodesOn(1, 2, 3));
    for (const key of ['a', 'ключ', 'x'.repeat(100)])
      expect(client.getServer(key)).toBe(ring.ownerOf(Buffer.from(key)));
  });

  test("leaves memjs's own remainder alone when asked to", async () => {
    follow({ hashing: 'modulo' });
    await publish(1, nodesOn(1, 2, 3));
    expect(client.getServer('four')).toBe(1);
  });

  test('asks for the list at once after an error, though not after every one', async () => {
    follow();
    await publish(1, nodesOn(1, 2));
    const pollNow = jest.spyOn(follower.poller, 'pollNow');
    endpoint.list(2, nodesOn(2));
    const server = client.servers[0] as FakeServer;
    for (let error = 0; error < 5; error++) server.error();
    await eventually('the new list', () => client.servers.length === 1);
    expect({ errors: server.errors, polls: pollNow.mock.calls.length }).toEqual({ errors: 5, polls: 1 });
  });

  test('ends with its client, and closes what waited to be closed', async () => {
    follow({ graceMs: 60_000 });
    await publish(1, nodesOn(1));
    expect(first.closed).toBe(false);
    client.close();
    expect({ client: client.closed, server: first.closed }).toEqual({ client: true, server: true });
    expect(await follower.poller.pollNow()).toMatchObject({ code: 'ABORTED' });
  });

  test('can be made with its cluster, or not at all', async () => {
    const made: FakeClient[] = [];
    const create = (servers: string, options?: object): FakeClient => {
      const [host, port] = servers.split(':');
      const created = new FakeClient([new FakeServer(host, Number(port), undefined, undefined, options)]);
      made.push(created);
      return created;
    };
    endpoint.list(1, nodesOn(1, 2));
    const following = await createFollowingClient(create, endpoint.address, { memjs: { retries: 0 } });
    expect(following.client.servers.map(({ options }) => options)).toEqual([{ retries: 0 }, { retries: 0 }]);
    following.client.close();
    endpoint.answer = ['ERROR\r\n'];
    await expect(createFollowingClient(create, endpoint.address)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(made[1].closed).toBe(true);
  });

  test('has to have a server, for an example of how to make others', () => {
    client.servers = [];
    expect(() => followCluster(client, endpoint.address)).toThrow(
      'Cannot follow a cluster: the memjs client has no server',
    );
  });
});
