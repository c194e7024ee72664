/** The registry in etcd, against a real one: what every registry does, then what a network and a restart do to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EtcdOptions, EtcdRegistry } from '@shoal/pool';
import { eventually } from '../harness/eventually.js';
import { runs, testWith } from '../harness/outside-program.js';
import { BrokenLine } from './broken-line.js';
import { EtcdServer } from './etcd-server.js';
import { Listener, someCluster } from './registry-records.js';
import { declareRegistrySuite, type StoreUnderTest } from './registry-suite.js';

const CHILD = join(import.meta.dirname, 'registry-child.mjs');
/** A busy disk or processor may keep an etcd from answering for seconds: only who waits for silence has a short deadline. */
const FAST = { deadlineMs: 15_000, leaseSeconds: 2, checkMs: 300 } as const;
/** Nobody waits for the end of it. */
const LONG_LEASE_SECONDS = 600;
const HAS_ETCD = runs('etcd', ['--version']);
const etcdTest = testWith('etcd', HAS_ETCD);

let shared: EtcdServer | null = null;
let prefixes = 0;
const made: EtcdRegistry[] = [];
const lines: BrokenLine[] = [];

beforeAll(async () => {
  if (HAS_ETCD) shared = await EtcdServer.start();
});

afterAll(async () => {
  await shared?.end();
});

function registryAt(url: string, options: EtcdOptions = {}): EtcdRegistry {
  const registry = new EtcdRegistry(url, { ...FAST, ...options });
  made.push(registry);
  return registry;
}

async function lineTo(port: number): Promise<BrokenLine> {
  const line = await BrokenLine.to(port);
  lines.push(line);
  return line;
}

/** Lines first: a registry that waits for an answer over one need not wait. */
async function closeMade(): Promise<void> {
  for (const line of lines.splice(0)) await line.end();
  for (const registry of made.splice(0)) await registry.close();
}

/** A prefix nobody else uses. */
function freshPrefix(): string {
  return `/test/${++prefixes}`;
}

async function openStore(): Promise<StoreUnderTest> {
  const url = `${shared?.url}${freshPrefix()}`;
  return { registry: () => registryAt(url), end: closeMade };
}

function story(name: string, body: (etcd: EtcdServer) => Promise<void>): void {
  etcdTest(name, async () => {
    try {
      await body(shared!);
    } finally {
      await closeMade();
    }
  });
}

describe('the registry in etcd', () => {
  declareRegistrySuite(etcdTest, openStore);
});

describe('several daemons over one etcd', () => {
  story(
    'see who is there: whoever was killed is not once its lease has ended, and is again when it is back',
    async (etcd) => {
      const [url, line] = [freshPrefix(), await lineTo(etcd.clientPort)];
      const witness = registryAt(etcd.url + url);
      const daemon = registryAt(line.url + url, { daemonId: 'one' });
      expect(await witness.isPresent('one')).toBe(false);
      await daemon.open(new Listener());
      await eventually('the daemon to be seen', () => witness.isPresent('one'));
      line.cut();
      await eventually('the lease to end', async () => !(await witness.isPresent('one')));
      line.mend();
      await eventually('the daemon to be seen again', () => witness.isPresent('one'));
      await daemon.close();
      expect(await witness.isPresent('one')).toBe(false);
    },
  );

  story('see each other’s changes, and one of two that write at once gets a conflict', async (etcd) => {
    const url = etcd.url + freshPrefix();
    const [first, second, witness] = [registryAt(url), registryAt(url), new Listener()];
    await first.open(new Listener());
    await second.open(witness);
    const revision = await first.save(someCluster('dev'), null);
    await eventually('the change', () => witness.clusters.get('dev')?.revision === revision);
    const results = await Promise.allSettled([
      first.save(someCluster('dev', { version: 2 }), revision),
      second.save(someCluster('dev', { version: 3 }), revision),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  story('have one leader; when it closes, the other leads', async (etcd) => {
    const url = etcd.url + freshPrefix();
    const [first, second] = [registryAt(url, { leaseSeconds: LONG_LEASE_SECONDS }), registryAt(url)];
    await first.open(new Listener());
    await eventually('the first to lead', () => first.isLeader);
    await second.open(new Listener());
    await first.close();
    expect(first.isLeader).toBe(false);
    await eventually('the second to lead', () => second.isLeader);
  });

  story('have another leader soon after the leader was killed', async (etcd) => {
    const url = etcd.url + freshPrefix();
    const child = await leadingChild(url);
    const second = registryAt(url);
    await second.open(new Listener());
    expect(second.isLeader).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'close');
    await eventually('the second to lead', () => second.isLeader);
  });

  story('lose the leader that was stopped, which knows when it goes on', async (etcd) => {
    const url = etcd.url + freshPrefix();
    const child = await leadingChild(url);
    const second = registryAt(url);
    await second.open(new Listener());
    child.kill('SIGSTOP');
    await eventually('the second to lead', () => second.isLeader);
    const said = new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGCONT');
    expect(String(await said)).toBe('follows\n');
    expect(second.isLeader).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  story('a leader whose key somebody deleted leads again, having said so', async (etcd) => {
    const prefix = freshPrefix();
    const registry = registryAt(etcd.url + prefix);
    await registry.open(new Listener());
    await eventually('leadership', () => registry.isLeader);
    await etcd.delete(`${prefix.slice(1)}/leader`);
    await eventually('the key to be back', async () => (await etcd.get(`${prefix.slice(1)}/leader`)) !== null);
    await eventually('leadership', () => registry.isLeader);
  });
});

describe('a watch over a broken line', () => {
  story('goes on behind the last change, and repeats none', async (etcd) => {
    const prefix = freshPrefix();
    const line = await lineTo(etcd.clientPort);
    const [far, near] = [registryAt(line.url + prefix), registryAt(etcd.url + prefix)];
    const listener = new Listener();
    await far.open(listener);
    await near.open(new Listener());
    let revision = await near.save(someCluster('dev'), null);
    const doomed = await near.save(someCluster('doomed'), null);
    await eventually('the first changes', () => listener.clusters.size === 2);
    line.cut();
    await eventually('the outage to be told', () => listener.reachabilities().length === 1);
    for (let version = 2; version <= 5; version++)
      revision = await near.save(someCluster('dev', { version }), revision);
    await near.remove('doomed', doomed);
    line.mend();
    await eventually('the removal', () => !listener.clusters.has('doomed'));
    expect(listener.changesOf('dev').map((stored) => stored?.cluster.version)).toEqual([1, 2, 3, 4, 5]);
    expect(listener.changesOf('doomed')).toHaveLength(2);
    expect(listener.clusters.get('dev')?.revision).toBe(revision);
    await eventually('the end of the outage to be told', () => listener.reachabilities().length === 2);
    expect(listener.reachabilities()).toEqual([false, true]);
  });

  story('reads again what was compacted away, deletions included', async (etcd) => {
    const prefix = freshPrefix();
    const line = await lineTo(etcd.clientPort);
    const [far, near] = [registryAt(line.url + prefix), registryAt(etcd.url + prefix)];
    const listener = new Listener();
    await far.open(listener);
    await near.open(new Listener());
    const kept = await near.save(someCluster('kept'), null);
    const changed = await near.save(someCluster('changed'), null);
    const doomed = await near.save(someCluster('doomed'), null);
    await eventually('the first changes', () => listener.clusters.size === 3);
    line.cut();
    const newer = await near.save(someCluster('changed', { version: 2 }), changed);
    await near.remove('doomed', doomed);
    await near.save(someCluster('new'), null);
    await etcd.compact();
    line.mend();
    await eventually('the removal', () => listener.clusters.has('new') && !listener.clusters.has('doomed'));
    expect(listener.clusters.get('kept')?.revision).toBe(kept);
    expect(listener.clusters.get('changed')?.revision).toBe(newer);
    expect(listener.changesOf('kept')).toHaveLength(1);
    expect(listener.changesOf('doomed')).toHaveLength(2);
    const later = await near.save(someCluster('changed', { version: 3 }), newer);
    await eventually('a later change', () => listener.clusters.get('changed')?.revision === later);
  });

  story('is given up when it is silent although there are changes', async (etcd) => {
    const prefix = freshPrefix();
    const line = await lineTo(etcd.clientPort);
    const far = registryAt(line.url + prefix, { deadlineMs: 3_000 });
    const near = registryAt(etcd.url + prefix);
    const listener = new Listener();
    await far.open(listener);
    await near.open(new Listener());
    await eventually('leadership to be settled', () => far.isLeader || near.isLeader);
    line.silence();
    const revision = await near.save(someCluster('dev'), null);
    await eventually('the change', () => listener.clusters.get('dev')?.revision === revision);
  });

  story('a leader behind a silent line steps down before another leads', async (etcd) => {
    const prefix = freshPrefix();
    const line = await lineTo(etcd.clientPort);
    const [far, near] = [registryAt(line.url + prefix), registryAt(etcd.url + prefix)];
    const told = new Listener();
    await far.open(told);
    await eventually('the far one to lead', () => far.isLeader);
    let bothLed = false;
    await near.open({
      onChange: () => undefined,
      onReachable: () => undefined,
      onLeadership: (isLeader) => {
        bothLed ||= isLeader && far.isLeader;
      },
    });
    line.silenceAll();
    await eventually('the near one to lead', () => near.isLeader);
    expect(bothLed).toBe(false);
    expect(told.leaderships()).toEqual([true, false]);
    line.cut();
  });

  story('stops at a record of a future release, says which, and goes on when it is gone', async (etcd) => {
    const prefix = freshPrefix();
    const registry = registryAt(etcd.url + prefix);
    const listener = new Listener();
    await registry.open(listener);
    const key = `${prefix.slice(1)}/clusters/dev`;
    await etcd.put(key, JSON.stringify({ format: 'shoal-cluster', formatVersion: 2, cluster: {} }));
    await eventually('the trouble to be told', () => listener.reachabilities().length === 1);
    const trouble = listener.told.find(({ kind }) => kind === 'reachable');
    expect(trouble).toMatchObject({ isReachable: false, reason: expect.stringContaining(key) });
    await expect(registry.load()).rejects.toMatchObject({
      code: 'UNREADABLE',
      message: expect.stringContaining('version 2'),
    });
    await expect(registryAt(etcd.url + prefix).open(new Listener())).rejects.toMatchObject({ code: 'UNREADABLE' });
    await etcd.delete(key);
    await eventually('the end of the trouble', () => listener.reachabilities().at(-1) === true);
    const revision = await registry.save(someCluster('dev'), null);
    await eventually('a later change', () => listener.clusters.get('dev')?.revision === revision);
  });
});

describe('an etcd that goes away', () => {
  etcdTest(
    'and comes back under load has every write that it acknowledged, and the watch tells them all',
    async () => {
      const etcd = await EtcdServer.start();
      try {
        await writeThroughRestarts(etcd);
      } finally {
        await closeMade();
        await etcd.end();
      }
    },
    240_000,
  );

  etcdTest('and comes back empty is noticed: what it no longer has is told as gone', async () => {
    const etcd = await EtcdServer.start();
    try {
      const registry = registryAt(etcd.url);
      const listener = new Listener();
      await registry.open(listener);
      let revision = await registry.save(someCluster('dev'), null);
      for (let version = 2; version < 20; version++)
        revision = await registry.save(someCluster('dev', { version }), revision);
      await eventually('the cluster', () => listener.clusters.get('dev')?.revision === revision);
      await etcd.kill();
      await etcd.forgetAll();
      await etcd.up();
      await eventually('the loss to be told', () => !listener.clusters.has('dev'));
    } finally {
      await closeMade();
      await etcd.end();
    }
  });

  story('is left out as long as another endpoint answers', async (etcd) => {
    const line = await lineTo(etcd.clientPort);
    const registry = registryAt(`${line.url},127.0.0.1:${etcd.clientPort}${freshPrefix()}`);
    const listener = new Listener();
    await registry.open(listener);
    let revision = await registry.save(someCluster('dev'), null);
    line.cut();
    revision = await registry.save(someCluster('dev', { version: 2 }), revision);
    await eventually('the change', () => listener.clusters.get('dev')?.revision === revision);
  });

  story('took a write whose answer was lost: the other endpoint knows, and it counts as written once', async (etcd) => {
    const line = await lineTo(etcd.clientPort);
    const url = `${line.url},127.0.0.1:${etcd.clientPort}${freshPrefix()}`;
    const registry = registryAt(url, { deadlineMs: 3_000 });
    await registry.open(new Listener());
    const first = await registry.save(someCluster('dev'), null);
    line.loseAnswers();
    const second = await registry.save(someCluster('dev', { version: 2 }), first);
    expect(await registry.loadOne('dev')).toEqual({ cluster: someCluster('dev', { version: 2 }), revision: second });
    const third = await registry.save(someCluster('dev', { version: 3 }), second);
    expect(Number(third)).toBeGreaterThan(Number(second));
  });

  test('was never there: open says so, and calls do', async () => {
    const registry = registryAt('etcd://someone:secret@127.0.0.1:1/here');
    await expect(registry.open(new Listener())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^Cannot open the registry etcd:\/\/127\.0\.0\.1:1\/here: .*ECONNREFUSED/),
    });
    await expect(registry.save(someCluster('dev'), null)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await closeMade();
  });

  story('does not answer: open ends after its deadline', async (etcd) => {
    const line = await lineTo(etcd.clientPort);
    line.silenceAll();
    await expect(registryAt(line.url, { deadlineMs: 1_000 }).open(new Listener())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no answer within 1000 ms'),
    });
  });
});

describe('an etcd that asks who one is', () => {
  etcdTest('takes the user of the URL, and refuses others', async () => {
    const etcd = await EtcdServer.start();
    try {
      await etcd.call('/v3/auth/user/add', { name: 'root', password: 'a b@c' });
      await etcd.call('/v3/auth/user/grant', { user: 'root', role: 'root' }).catch(() => undefined);
      await etcd.call('/v3/auth/role/add', { name: 'root' }).catch(() => undefined);
      await etcd.call('/v3/auth/user/grant', { user: 'root', role: 'root' });
      await etcd.call('/v3/auth/enable', {});
      const at = (user: string) => registryAt(etcd.url.replace('//', `//${user}`));
      const registry = at('root:a%20b%40c@');
      const listener = new Listener();
      await registry.open(listener);
      const revision = await registry.save(someCluster('dev'), null);
      await eventually('the change', () => listener.clusters.get('dev')?.revision === revision);
      await eventually('leadership', () => registry.isLeader);
      await expect(at('root:wrong@').open(new Listener())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(at('').open(new Listener())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    } finally {
      await closeMade();
      await etcd.end();
    }
  });
});

/** Two restarts by kill -9 while a writer raises the version and repeats what was not acknowledged. */
async function writeThroughRestarts(etcd: EtcdServer): Promise<void> {
  const [writer, witness] = [registryAt(etcd.url), registryAt(etcd.url)];
  const listener = new Listener();
  await writer.open(new Listener());
  await witness.open(listener);
  let acknowledged = 0;
  let isOver = false;
  const writing = (async () => {
    let revision: string | null = null;
    for (let version = 1; !isOver; version++) {
      revision = await saveUntilItWorks(writer, version, revision);
      acknowledged = version;
    }
  })();
  for (let restart = 0; restart < 2; restart++) {
    const before = acknowledged;
    await eventually('writes', () => acknowledged > before + 20);
    await etcd.kill();
    await etcd.up();
  }
  const before = acknowledged;
  await eventually('writes after the last restart', () => acknowledged > before + 20);
  isOver = true;
  await writing;
  expect((await writer.loadOne('dev'))?.cluster.version).toBe(acknowledged);
  await eventually('the last change', () => listener.clusters.get('dev')?.cluster.version === acknowledged);
  const versions = listener.changesOf('dev').map((stored) => stored?.cluster.version ?? 0);
  expect(versions).toEqual(Array.from({ length: acknowledged }, (_, index) => index + 1));
  await eventually('one leader', () => writer.isLeader !== witness.isLeader);
}

/** Not acknowledged may mean written: then the next attempt conflicts with this writer's own record. */
async function saveUntilItWorks(registry: EtcdRegistry, version: number, revision: string | null): Promise<string> {
  for (;;) {
    try {
      return await registry.save(someCluster('dev', { version }), revision);
    } catch {
      const found = await registry.loadOne('dev').catch(() => null);
      if (found?.cluster.version === version) return found.revision;
      // An outage answers at once; a turn of the loop lets everybody else work.
      await new Promise(setImmediate);
    }
  }
}

async function leadingChild(url: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CHILD, url, 'lead'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout!, 'data');
  expect(String(said)).toBe('leads\n');
  return child;
}
