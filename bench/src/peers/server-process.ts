// A server under test as a child process: started pinned, ready once it answers `version`, stopped by its own pid and by nothing else.
// Used by bench.ts and idle.ts. Bounds: READY_MS to answer, STOP_MS to end after SIGTERM before SIGKILL, the last STDERR_KEPT bytes of its stderr.
// Every process started here is killed when the bench exits, however it exits.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_MS = 15_000;
const POLL_MS = 20;
const ANSWER_MS = 1000;
const STOP_MS = 5000;
const STDERR_KEPT = 4096;

const running = new Set<ChildProcess>();
process.on('exit', killAll);

export interface ServerCommand {
  readonly name: string;
  readonly command: readonly string[];
  /** How it is told its address; memcached's `-l` and `-p` without it. */
  readonly addressFlags?: (port: number) => readonly string[];
  /** What it answers once it is ready, its version in brackets; memcached's `version` without it. */
  readonly probe?: Probe;
}

export interface Probe {
  readonly request: string;
  readonly answer: RegExp;
}

const MEMCACHED_PROBE: Probe = { request: 'version\r\n', answer: /^VERSION (\S+)/ };
const memcachedAddress = (port: number): string[] => ['-l', '127.0.0.1', '-p', String(port)];

export class ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly version: string;
  private readonly child: ChildProcess;

  private constructor(name: string, child: ChildProcess, at: { port: number; version: string }) {
    this.name = name;
    this.child = child;
    this.port = at.port;
    this.version = at.version;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Starts `command` on a free port, its address appended, and waits until it answers. */
  static async start(server: ServerCommand, pinning: readonly string[]): Promise<ServerProcess> {
    const { name, command, addressFlags = memcachedAddress, probe = MEMCACHED_PROBE } = server;
    const port = await freePort();
    const [program, ...args] = [...pinning, ...command, ...addressFlags(port)];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    const complaint = collectComplaints(child);
    const version = await readiness(child, port, probe).catch((error: Error) => {
      child.kill('SIGKILL');
      throw new Error(`Cannot start ${name} (${command.join(' ')}): ${error.message}\n${complaint()}`.trimEnd());
    });
    return new ServerProcess(name, child, { port, version });
  }

  /** A line of `stats settings`; undefined when it has none. */
  async setting(name: string): Promise<string | undefined> {
    return await ask(this.port, { request: 'stats settings\r\n', answer: new RegExp(`STAT ${name} (\\S+)[^]*END`) });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Tracks any child so that it cannot outlive the bench. */
export function trackChild(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

function collectComplaints(child: ChildProcess): () => string {
  let kept = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    kept = (kept + chunk.toString()).slice(-STDERR_KEPT);
  });
  child.once('error', (error) => {
    kept += error.message;
  });
  child.once('exit', () => running.delete(child));
  return () => kept;
}

async function readiness(child: ChildProcess, port: number, probe: Probe): Promise<string> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`it ended at once (${child.signalCode ?? child.exitCode ?? 'not found'})`);
    }
    const version = await ask(port, probe);
    if (version !== undefined) return version;
    await delay(POLL_MS);
  }
  throw new Error(`no answer on port ${port} within ${READY_MS} ms`);
}

/** The bracketed part of the answer; undefined while nobody listens, or when another answer comes. */
function ask(port: number, { request, answer }: Probe): Promise<string | undefined> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const finish = (): void => {
      socket.destroy();
      resolve(answer.exec(received)?.[1]);
    };
    socket.setTimeout(ANSWER_MS, finish);
    socket.once('error', finish);
    socket.once('close', finish);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (answer.test(received) || /^(END|ERROR)\r\n$/m.test(received)) finish();
    });
  });
}

/** A port that was free a moment ago: memcached reports an ephemeral one only through a file. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
