/**
 * What every registry does, whatever keeps the records: declared once, run on the embedded one and on etcd.
 *
 * Called by embedded.test.ts and etcd.test.ts, which say how to make a registry over a store of its own. A second
 * registry over the same store stands for a daemon that starts after the first (or beside it, where that is allowed).
 */
import { expect } from '@jest/globals';
import type { Registry } from '@shoal/pool';
import { eventually } from '../harness/eventually.js';
import type { Declare } from '../harness/outside-program.js';
import { Listener, someCluster } from './registry-records.js';

export interface StoreUnderTest {
  /** A registry over the same store each time; not opened yet. */
  registry(): Registry;
  /** Closes what `registry` made. */
  end(): Promise<void>;
}

type Story = (store: StoreUnderTest) => Promise<void>;

export function declareRegistrySuite(test: Declare, open: () => Promise<StoreUnderTest>): void {
  for (const [name, story] of Object.entries({ ...WRITES, ...EVENTS })) {
    test(name, async () => {
      const store = await open();
      try {
        await story(store);
      } finally {
        await store.end();
      }
    });
  }
}

const WRITES: Readonly<Record<string, Story>> = {
  'gives back what was saved, to itself and to the next daemon': async (store) => {
    const first = store.registry();
    await first.open(new Listener());
    const dev = someCluster('dev');
    const revision = await first.save(dev, null);
    expect(await first.loadOne('dev')).toEqual({ cluster: dev, revision });
    expect(await first.load()).toEqual([{ cluster: dev, revision }]);
    await first.close();
    const next = store.registry();
    await next.open(new Listener());
    expect(await next.loadOne('dev')).toEqual({ cluster: dev, revision });
    expect(await next.loadOne('other')).toBeNull();
  },
  'refuses to create a cluster that exists, and leaves it alone': async (store) => {
    const registry = store.registry();
    await registry.open(new Listener());
    const revision = await registry.save(someCluster('dev'), null);
    await expect(registry.save(someCluster('dev', { version: 9 }), null)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await registry.loadOne('dev')).toEqual({ cluster: someCluster('dev'), revision });
  },
  'refuses a write and a removal that build on an older revision': async (store) => {
    const registry = store.registry();
    await registry.open(new Listener());
    const older = await registry.save(someCluster('dev'), null);
    const newer = await registry.save(someCluster('dev', { version: 2 }), older);
    expect(newer).not.toBe(older);
    await expect(registry.save(someCluster('dev', { version: 3 }), older)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(registry.remove('dev', older)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await registry.loadOne('dev'))?.cluster.version).toBe(2);
  },
  'refuses to write or remove a cluster that is gone, and one that came again': async (store) => {
    const registry = store.registry();
    await registry.open(new Listener());
    const revision = await registry.save(someCluster('dev'), null);
    await registry.remove('dev', revision);
    await expect(registry.save(someCluster('dev'), revision)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(registry.remove('dev', revision)).rejects.toMatchObject({ code: 'CONFLICT' });
    await registry.save(someCluster('dev', { version: 2 }), null);
    await expect(registry.save(someCluster('dev'), revision)).rejects.toMatchObject({ code: 'CONFLICT' });
  },
  'lets one of many writers at the same revision win': async (store) => {
    const registry = store.registry();
    await registry.open(new Listener());
    const revision = await registry.save(someCluster('dev'), null);
    const attempts = Array.from({ length: 10 }, (_, index) =>
      registry.save(someCluster('dev', { version: index + 2 }), revision),
    );
    const results = await Promise.allSettled(attempts);
    const winners = results.flatMap((result, index) => (result.status === 'fulfilled' ? [index + 2] : []));
    expect(winners).toHaveLength(1);
    expect((await registry.loadOne('dev'))?.cluster.version).toBe(winners[0]);
  },
  'remembers the last version of a cluster that was removed': async (store) => {
    const first = store.registry();
    await first.open(new Listener());
    expect(await first.versionFloor('dev')).toBe(0);
    const created = await first.save(someCluster('dev', { version: 1 }), null);
    await first.remove('dev', await first.save(someCluster('dev', { version: 41 }), created));
    expect(await first.versionFloor('dev')).toBe(41);
    await first.close();
    const next = store.registry();
    await next.open(new Listener());
    expect(await next.versionFloor('dev')).toBe(41);
    await next.remove('dev', await next.save(someCluster('dev', { version: 0 }), null));
    expect(await next.versionFloor('dev')).toBe(41);
    await next.save(someCluster('dev', { version: 42 }), null);
    expect(await next.versionFloor('dev')).toBe(42);
  },
  'refuses a record that could not be read back': async (store) => {
    const registry = store.registry();
    await registry.open(new Listener());
    await expect(registry.save(someCluster('dev', { version: 2 ** 31 }), null)).rejects.toThrow(
      'Cannot save cluster dev',
    );
    expect(await registry.load()).toEqual([]);
  },
  'closes any number of times, opened or not': async (store) => {
    const unopened = store.registry();
    await unopened.close();
    await unopened.close();
    const opened = store.registry();
    await opened.open(new Listener());
    await opened.close();
    await opened.close();
    expect(opened.isLeader).toBe(false);
  },
};

const EVENTS: Readonly<Record<string, Story>> = {
  'delivers every cluster that exists before open resolves': async (store) => {
    const first = store.registry();
    await first.open(new Listener());
    for (const id of ['b', 'a', 'c']) await first.save(someCluster(id), null);
    await first.close();
    const listener = new Listener();
    await store.registry().open(listener);
    expect([...listener.clusters.keys()].sort()).toEqual(['a', 'b', 'c']);
  },
  'delivers each change once and in order: its own, and the removal': async (store) => {
    const registry = store.registry();
    const listener = new Listener();
    await registry.open(listener);
    let revision = await registry.save(someCluster('dev'), null);
    for (let version = 2; version <= 20; version++)
      revision = await registry.save(someCluster('dev', { version }), revision);
    await registry.remove('dev', revision);
    await eventually('the removal', () => listener.changesOf('dev').at(-1) === null);
    const versions = listener.changesOf('dev').map((stored) => stored?.cluster.version ?? null);
    expect(versions).toEqual([...Array.from({ length: 20 }, (_, index) => index + 1), null]);
  },
  'leads when it is alone, and tells nothing of being reachable as long as it is': async (store) => {
    const registry = store.registry();
    const listener = new Listener();
    expect(registry.isLeader).toBe(false);
    await registry.open(listener);
    await eventually('leadership', () => registry.isLeader);
    expect(listener.leaderships()).toEqual([true]);
    expect(listener.reachabilities()).toEqual([]);
  },
  'tells nothing any more once it is closed': async (store) => {
    const first = store.registry();
    const listener = new Listener();
    await first.open(listener);
    await first.close();
    const toldBefore = listener.told.length;
    const second = store.registry();
    const witness = new Listener();
    await second.open(witness);
    await second.save(someCluster('dev'), null);
    await eventually('the change elsewhere', () => witness.clusters.has('dev'));
    expect(listener.told).toHaveLength(toldBefore);
  },
};
