/**
 * A data directory with a process driver, for tests that start real hosts and nodes: remembers every process and every event,
 * and leaves nothing behind, also when a test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ProcessDriver, type ProcessDriverOptions } from '../../dist/drivers/process.js';
import type { DriverEvent, NodeLaunch, RunningNode } from '../drivers/driver.js';
import { identityOf, isAlive, killProcess, type ProcessIdentity } from '../host/process-identity.js';
import { nextFreePorts } from '../ports.js';

const SECRET = '0123456789abcdef'.repeat(2);
const POLL_MS = 10;
const DEADLINE_MS = 60_000;
/** Below the range that kernels take for outgoing connections. */
const PORTS_FROM = 12_000;
const PORTS_SPREAD = 15_000;
const DAEMON = fileURLToPath(new URL('./run-process-driver.mjs', import.meta.url));

export class LocalNodes {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-pool-'));
  readonly events: DriverEvent[] = [];
  readonly driver: ProcessDriver;
  readonly #drivers: ProcessDriver[] = [];
  readonly #processes: ProcessIdentity[] = [];
  readonly #taken = new Set<number>();

  constructor(options: Partial<ProcessDriverOptions> = {}) {
    this.driver = this.newDriver(options);
  }

  /** Another daemon's, on the same directory. */
  newDriver(options: Partial<ProcessDriverOptions> = {}): ProcessDriver {
    const driver = new ProcessDriver({ dataDir: this.folder, ...options });
    this.#drivers.push(driver);
    return driver;
  }

  async open(driver = this.driver): Promise<void> {
    await driver.open((event) => this.events.push(event));
    this.watch(this.hostPid());
  }

  hostPid(): number {
    return JSON.parse(readFileSync(join(this.folder, 'host.pid'), 'utf8')).pid;
  }

  /** From now on it is ended with the test. */
  watch(pid: number): ProcessIdentity {
    const identity = identityOf(pid);
    this.#processes.push(identity);
    return identity;
  }

  async launch(number = 1, changes: Partial<NodeLaunch> = {}): Promise<NodeLaunch> {
    const above = PORTS_FROM + Math.floor(Math.random() * PORTS_SPREAD);
    const [port] = await nextFreePorts({ host: '127.0.0.1', above, count: 1, taken: this.#taken });
    this.#taken.add(port);
    const nodeId = String(number).padStart(4, '0');
    const machine = { host: '127.0.0.1', port, memoryMegabytes: 64, threads: 1 };
    return { clusterId: 'dev', nodeId, ...machine, secret: SECRET, ...changes };
  }

  async start(launch: NodeLaunch, driver = this.driver): Promise<ProcessIdentity> {
    return this.watch(pidOf(await driver.start(launch)));
  }

  /** A process of its own with a driver that starts these nodes and is then ready to be killed. */
  async startDaemon(launches: readonly NodeLaunch[]): Promise<ChildProcess> {
    const child = spawn(process.execPath, [DAEMON, this.folder, JSON.stringify(launches)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.watch(child.pid ?? 0);
    const [word] = await once(child.stdout, 'data');
    if (String(word) !== 'running\n') throw new Error(`Cannot start the daemon: ${word}`);
    this.watch(this.hostPid());
    return child;
  }

  async untilEvent(kind: DriverEvent['kind']): Promise<void> {
    await until(kind, () => this.events.some((event) => event.kind === kind));
  }

  /** Ends everything that is left; answers which of the processes were still there after an orderly end. */
  async end(): Promise<readonly number[]> {
    for (const driver of this.#drivers) await driver.shutDown({ graceMs: 1000 });
    const left = this.#processes.filter(isAlive);
    for (const identity of left) killProcess(identity);
    rmSync(this.folder, { recursive: true, force: true });
    return left.map(({ pid }) => pid);
  }
}

export function pidOf({ handle }: RunningNode): number {
  return Number(/^pid (\d+)$/.exec(handle)?.[1]);
}

export async function until(what: string, happened: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!happened()) {
    if (performance.now() > deadline) throw new Error(`Cannot wait longer than ${deadlineMs} ms for ${what}`);
    await pause(POLL_MS);
  }
}

/** What a node answers to one request, up to the end of the first line. */
export function ask({ host, port }: NodeLaunch, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let answer = '';
    socket.once('error', reject);
    socket.once('connect', () => socket.write(request));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (!answer.includes('\r\n')) return;
      socket.destroy();
      resolve(answer.slice(0, answer.indexOf('\r\n')));
    });
    socket.once('end', () => reject(new Error('Cannot ask: it closed the connection')));
  });
}
