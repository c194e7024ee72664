/**
 * A pool daemon in a process of its own, with a data directory of its own, so that a test can kill it and start the next
 * one on the same directory. Everything is asked over its unix socket, as the command line does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CacheCluster, PoolClient } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = `
  import { runPool } from '@shoal/pool/main';
  process.exit(await runPool(JSON.parse(process.argv[1])));
`;

export class PoolProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'shoal-pool-'));
  readonly client = new PoolClient(join(this.directory, 'pool.sock'));
  output = '';
  #child: ChildProcess | null = null;

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Of the process that runs the local nodes. */
  get hostPid(): number {
    return Number(/\d+/.exec(readFileSync(join(this.directory, 'host.pid'), 'utf8'))?.[0]);
  }

  async start(options: object = {}): Promise<void> {
    const child = this.spawn(options, (text) => {
      this.output += text;
    });
    this.#child = child;
    await eventually('the daemon to answer', async () => {
      if (child.exitCode !== null) throw new Error(`Cannot start the pool: ${this.output}`);
      return this.client.describePool().then(
        ({ Pool }) => Pool.ProcessId === child.pid,
        () => false,
      );
    });
  }

  /** A daemon that is expected to leave at once: what it said and its exit code. */
  async startSecond(options: object = {}): Promise<{ code: number | null; output: string }> {
    let output = '';
    const child = this.spawn(options, (text) => {
      output += text;
    });
    const [code] = await once(child, 'close');
    return { code, output };
  }

  /** A daemon that the caller looks after. */
  spawn(options: object, onOutput: (text: string) => void = () => {}): ChildProcess {
    const asked = JSON.stringify({ dataDirectory: this.directory, ...options });
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, asked], {
      cwd: PACKAGE,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput);
    return child;
  }

  /** Answers the exit code, null after a signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = await once(child, 'exit');
    return code;
  }

  /** Takes everything down, whatever the test left running. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    await this.start();
    await this.client.stopPool({ StopNodes: true });
    const child = this.#child;
    await eventually('the daemon to end', () => child === null || child.exitCode !== null);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async describe(id: string): Promise<CacheCluster> {
    const { CacheClusters } = await this.client.describeCacheClusters({ CacheClusterId: id, ShowCacheNodeInfo: true });
    return CacheClusters[0];
  }

  /** Waits until the cluster is available with this many nodes, all of which answer with its version. */
  async settled(id: string, nodeCount: number): Promise<CacheCluster> {
    let cluster = await this.describe(id);
    await eventually(`${id} to have ${nodeCount} nodes that agree`, async () => {
      cluster = await this.describe(id);
      return isSettled(cluster, nodeCount);
    });
    return cluster;
  }
}

function isSettled({ CacheClusterStatus, CacheNodes = [], Shoal }: CacheCluster, nodeCount: number): boolean {
  return (
    CacheClusterStatus === 'available' &&
    CacheNodes.length === nodeCount &&
    CacheNodes.every(
      (node) =>
        node.Shoal.Handle !== null && node.Shoal.Health === 'healthy' && node.Shoal.ConfigVersion === Shoal.Version,
    )
  );
}

export function handlesOf({ CacheNodes = [] }: CacheCluster): readonly (string | null)[] {
  return CacheNodes.map(({ Shoal }) => Shoal.Handle);
}

export function portsOf({ CacheNodes = [] }: CacheCluster): readonly (number | undefined)[] {
  return CacheNodes.map(({ Endpoint }) => Endpoint?.Port);
}

/** `pid 4711` as a number. */
export function pidOf(cluster: CacheCluster, index: number): number {
  return Number(/^pid (\d+)$/.exec(handlesOf(cluster)[index] ?? '')?.[1]);
}
