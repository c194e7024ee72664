/**
 * memjs has no types of its own: here is the part of it that tests use. Second tries are off, so that every failure
 * shows.
 */
import { createRequire } from 'node:module';

interface Counted {
  readonly success: boolean;
  readonly value: number | null;
}

export interface MemjsClient {
  get(key: string): Promise<{ readonly value: Buffer | null }>;
  set(key: string, value: string | Buffer, options: { expires?: number }): Promise<boolean>;
  add(key: string, value: string | Buffer, options: { expires?: number }): Promise<boolean>;
  replace(key: string, value: string | Buffer, options: { expires?: number }): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  increment(key: string, amount: number, options: { initial?: number; expires?: number }): Promise<Counted>;
  decrement(key: string, amount: number, options: { initial?: number; expires?: number }): Promise<Counted>;
  append(key: string, value: string | Buffer): Promise<boolean>;
  touch(key: string, expires: number): Promise<boolean>;
  flush(): Promise<Record<string, boolean>>;
  stats(done: (error: Error | null, server: string, stats: Record<string, string> | null) => void): void;
  close(): void;
}

interface Memjs {
  readonly Client: { create(servers: string, options: Record<string, unknown>): MemjsClient };
}

const memjs = createRequire(import.meta.url)('memjs') as Memjs;

export function connectMemjs(port: number): MemjsClient {
  return memjs.Client.create(`127.0.0.1:${port}`, { timeout: 60, retries: 0, logger: { log: () => undefined } });
}
