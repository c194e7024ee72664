/**
 * One server in a process of its own, on a port that the kernel chose: Shoal on any transport, or a real
 * memcached. Ready when the port file it writes (MEMCACHED_PORT_FILENAME) names a port that accepts. Every process
 * started here is ended by pid, also when a test fails: `stopAll` runs when the test process leaves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 60_000;
const POLL_MS = 10;
const running = new Set<ServerProcess>();

process.once('exit', () => {
  for (const server of running) server.child.kill('SIGKILL');
});

export class ServerProcess {
  port = 0;
  output = '';
  exit: Exit | null = null;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly folder: string;

  private constructor({ program, args }: Command, environment: Record<string, string>) {
    this.folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-'));
    this.child = spawn(program, args, {
      env: { ...process.env, MEMCACHED_PORT_FILENAME: this.portFile, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    running.add(this);
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.exit = { code, signal };
        running.delete(this);
        rmSync(this.folder, { recursive: true, force: true });
        resolve(this.exit);
      });
    });
    this.exited.catch(() => running.delete(this));
  }

  /** Starts without waiting for anything: for starts that are meant to fail. */
  static launch(command: Command, environment: Record<string, string> = {}): ServerProcess {
    return new ServerProcess(command, environment);
  }

  /** Starts on an ephemeral port of 127.0.0.1, unless `args` say where to listen, and waits until it accepts. */
  static async start(command: Command, environment: Record<string, string> = {}): Promise<ServerProcess> {
    const server = ServerProcess.launch(command, environment);
    await server.becomeReady(() => server.#portFromFile());
    return server;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get portFile(): string {
    return join(this.folder, 'ports');
  }

  get address(): NetConnectOpts {
    return { host: '127.0.0.1', port: this.port };
  }

  /** Polls `where` for an address until something accepts there. */
  async becomeReady(where: () => NetConnectOpts | null): Promise<void> {
    const deadline = Date.now() + READY_DEADLINE_MS;
    for (;;) {
      if (this.exit !== null)
        throw new Error(`Cannot start the server: it left with ${this.exit.code}: ${this.output}`);
      const address = where();
      if (address !== null && (await accepts(address))) return;
      if (Date.now() > deadline) {
        this.child.kill('SIGKILL');
        throw new Error(`Cannot start the server: not ready within ${READY_DEADLINE_MS} ms: ${this.output}`);
      }
      await pause(POLL_MS);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.exit === null) this.child.kill(signal);
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(killer);
    }
  }

  #portFromFile(): NetConnectOpts | null {
    const line = /^TCP INET6?: (\d+)$/m.exec(readOrEmpty(this.portFile));
    if (line === null) return null;
    this.port = Number(line[1]);
    return this.address;
  }
}

export function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function accepts(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
