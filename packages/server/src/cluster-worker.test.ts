/**
 * A server as a worker process of node:cluster, which is how the pool's host runs its nodes: it listens by itself, not
 * through the primary, and it ends with the primary whatever it is doing. Each test runs a primary in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerOptions } from '@shoal/server';
import { SocketClient } from './testing/socket-client.js';
import { TRANSPORTS_HERE } from './testing/transports-here.js';

const SCRIPT = fileURLToPath(new URL('./testing/run-cluster.mjs', import.meta.url));
const WITHOUT_KOFFI = new URL('./testing/without-koffi.mjs', import.meta.url).href;
const POLL_MS = 10;

interface News {
  readonly online?: number;
  readonly exited?: number;
  readonly code?: number | null;
}

class Primary {
  readonly process: ChildProcess;
  #log = '';
  #told = '';

  constructor(servers: readonly ServerOptions[], environment: Record<string, string> = {}) {
    const options = servers.map((asked) => ({ port: 0, listen: ['127.0.0.1'], threads: 2, ...asked }));
    this.process = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.#log += chunk;
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#told += chunk;
    });
  }

  get news(): News[] {
    return linesOf(this.#told).filter((line) => 'online' in line || 'exited' in line);
  }

  get pids(): number[] {
    return this.news.flatMap(({ online = 0 }) => (online > 0 ? [online] : []));
  }

  /** Of the servers that serve, in the order in which they began to. */
  get ports(): number[] {
    const serving = linesOf(this.#log).filter(({ msg }) => msg === 'Serving');
    return serving.map(({ addresses }) => Number(String(addresses).split(':').at(-1)));
  }

  async serving(count: number): Promise<number[]> {
    while (this.ports.length < count) {
      if (this.process.exitCode !== null) throw new Error(`The primary has ended: ${this.#told}`);
      await pause(POLL_MS);
    }
    return this.ports;
  }

  /** How the first worker that ends does. */
  async firstEnd(): Promise<News> {
    for (;;) {
      const end = this.news.find(({ exited }) => exited !== undefined);
      if (end !== undefined) return end;
      await pause(POLL_MS);
    }
  }
}

function linesOf(text: string): Record<string, unknown>[] {
  const whole = text.split('\n').slice(0, -1);
  return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const primaries: Primary[] = [];
const sockets: SocketClient[] = [];
let holder: Server | null = null;

function run(servers: readonly ServerOptions[], environment?: Record<string, string>): Primary {
  const primary = new Primary(servers, environment);
  primaries.push(primary);
  return primary;
}

async function connectTo(port: number): Promise<SocketClient> {
  const client = await SocketClient.toPort(port);
  sockets.push(client);
  return client;
}

afterEach(async () => {
  for (const client of sockets.splice(0)) client.close();
  for (const primary of primaries.splice(0)) {
    primary.process.kill('SIGKILL');
    for (const pid of primary.pids) while (isAlive(pid)) await pause(POLL_MS);
  }
  holder?.close();
  holder = null;
});

/** Keeps a worker of the server at work until the connection breaks. */
function keepBusy(client: SocketClient): void {
  const burst = 'set busy 0 0 1\r\nx\r\n'.repeat(2000);
  // A write that fails is told before the socket's end is: to write again would keep that from ever being heard.
  const more = (error?: Error | null) => {
    if (!error && !client.isEnded) client.socket.write(burst, more);
  };
  client.socket.on('data', () => {
    client.received = '';
  });
  more();
}

describe.each([
  ...TRANSPORTS_HERE.map((transport) => [transport, { transport }, {}] as const),
  ['net without libc', { transport: 'net' }, { NODE_OPTIONS: `--import ${WITHOUT_KOFFI}` }],
] as const)('on %s', (_, options, environment) => {
  test('each worker process serves on its own port, with all its threads', async () => {
    const primary = run([options, options], environment);
    const ports = await primary.serving(2);
    expect(new Set(ports).size).toBe(2);
    for (const [index, port] of ports.entries()) {
      const clients = await Promise.all([connectTo(port), connectTo(port), connectTo(port)]);
      const answers = await Promise.all(
        clients.map((client) => client.ask(`set k${index} 0 0 1\r\n${index}\r\nget k${1 - index}\r\n`, 'END\r\n')),
      );
      expect(answers).toEqual(Array(3).fill('STORED\r\nEND\r\n'));
    }
  });

  test('a port that another process has is in use, and not shared through the primary', async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder?.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    expect(await run([{ ...options, port }], environment).firstEnd()).toMatchObject({ code: 71 });
  });

  test('two worker processes cannot share a port', async () => {
    // Not one of those that kernels take for outgoing connections: somebody's could have it by the time they start.
    const port = randomInt(12_000, 27_000);
    const both = { ...options, port };
    const primary = run([both, both], environment);
    expect(await primary.firstEnd()).toMatchObject({ code: 71 });
    await primary.serving(1);
    expect(await (await connectTo(port)).ask('mn\r\n')).toBe('MN\r\n');
  });

  test('it ends when its primary is killed, also in the middle of work', async () => {
    const primary = run([options], environment);
    const [port] = await primary.serving(1);
    for (let i = 0; i < 4; i++) keepBusy(await connectTo(port));
    const watched = await connectTo(port);
    expect(await watched.ask('mn\r\n')).toBe('MN\r\n');
    const [pid] = primary.pids;
    primary.process.kill('SIGKILL');
    while (isAlive(pid)) await pause(POLL_MS);
    await watched.untilEnd();
  });
});
