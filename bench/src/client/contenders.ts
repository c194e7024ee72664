// The clients that are compared, each behind the same four calls: Shoal's, and memjs, memcached and memcache-client from npm, with the
// settings that each has by default. Used by client-load.ts, one a process. The three have no types that can be relied on, so here is
// the part of them that is called. memjs has no call for many keys: its users ask for each, and so does this.
import { createRequire } from 'node:module';
import { Client } from '@shoal/client';

export interface Contender {
  get(key: string): Promise<string | Buffer>;
  set(key: string, value: string): Promise<unknown>;
  /** How many of the keys had a value. */
  getMany(keys: readonly string[]): Promise<number>;
  close(): void;
}

export const CONTENDERS = ['shoal', 'memjs', 'memcached', 'memcache-client'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

const LIFETIME_SECONDS = 3600;
const require = createRequire(import.meta.url);

export function openContender(name: ContenderName, port: number): Contender {
  switch (name) {
    case 'shoal':
      return openShoal(port);
    case 'memjs':
      return openMemjs(port);
    case 'memcached':
      return openMemcached(port);
    case 'memcache-client':
      return openMemcacheClient(port);
  }
}

function openShoal(port: number): Contender {
  const client = new Client([`127.0.0.1:${port}`]);
  return {
    get: async (key) => (await client.get<string>(key)) ?? '',
    set: (key, value) => client.set(key, value, { ttlSeconds: LIFETIME_SECONDS }),
    getMany: async (keys) => (await client.getMany(keys)).size,
    close: () => client.destroy(),
  };
}

interface MemjsClient {
  get(key: string): Promise<{ value: Buffer | null }>;
  set(key: string, value: string, options: { expires: number }): Promise<boolean>;
  close(): void;
}

function openMemjs(port: number): Contender {
  const memjs: { Client: { create(servers: string): MemjsClient } } = require('memjs');
  const client = memjs.Client.create(`127.0.0.1:${port}`);
  return {
    get: async (key) => (await client.get(key)).value ?? '',
    set: (key, value) => client.set(key, value, { expires: LIFETIME_SECONDS }),
    getMany: async (keys) => {
      const replies = await Promise.all(keys.map((key) => client.get(key)));
      return replies.filter(({ value }) => value !== null).length;
    },
    close: () => client.close(),
  };
}

type Done<Result> = (error: unknown, result: Result) => void;

interface MemcachedClient {
  get(key: string, done: Done<string | undefined>): void;
  set(key: string, value: string, seconds: number, done: Done<boolean>): void;
  getMulti(keys: readonly string[], done: Done<Record<string, string>>): void;
  end(): void;
}

function openMemcached(port: number): Contender {
  const Memcached: new (server: string) => MemcachedClient = require('memcached');
  const client = new Memcached(`127.0.0.1:${port}`);
  const call = <Result>(start: (done: Done<Result>) => void): Promise<Result> =>
    new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
  return {
    get: (key) => call((done) => client.get(key, done as Done<string | undefined>)),
    set: (key, value) => call((done) => client.set(key, value, LIFETIME_SECONDS, done)),
    getMany: async (keys) => {
      const found = await call<Record<string, string>>((done) => client.getMulti(keys, done));
      return Object.keys(found).length;
    },
    close: () => client.end(),
  };
}

interface MemcacheClient {
  get(key: string): Promise<{ value: string } | undefined>;
  get(keys: readonly string[]): Promise<Record<string, { value: string }>>;
  set(key: string, value: string, options: { lifetime: number }): Promise<string[]>;
  shutdown(): void;
}

function openMemcacheClient(port: number): Contender {
  const { MemcacheClient }: { MemcacheClient: new (options: { server: string }) => MemcacheClient } =
    require('memcache-client');
  const client = new MemcacheClient({ server: `127.0.0.1:${port}` });
  return {
    get: async (key) => (await client.get(key))?.value ?? '',
    set: (key, value) => client.set(key, value, { lifetime: LIFETIME_SECONDS }),
    getMany: async (keys) => Object.keys(await client.get(keys)).length,
    close: () => client.shutdown(),
  };
}
