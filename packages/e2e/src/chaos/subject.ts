/**
 * The pool that a chaos run is done to: a daemon of its own process, one cluster, and etcd if its registry is there.
 *
 * Knows how to harm each part and, for the daemon and etcd, how to bring it back as a service manager would. The daemon's
 * own ends are told apart from those that it was made to.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CacheCluster } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';
import { PoolProcess } from '../pool/pool-process.js';
import { EtcdServer } from '../registry/etcd-server.js';

const CLUSTER = 'chaos';
const FIRST_SIZE = 5;
const AVAILABLE_MS_MAX = 60_000;
const DRAIN_SECONDS = 1;
/** A daemon that cannot start, because etcd is away for example, is started again after a while, as by systemd. */
const START_AGAIN_MS = 500;
const STARTS_MAX = 20;
/** Much longer than a daemon may take to end in order. */
const END_MS_MAX = 30_000;

export class Subject {
  readonly pool = new PoolProcess();
  readonly etcd: EtcdServer | null;
  #isDaemonWanted = false;
  readonly #daemonTurns = new Turns();
  readonly #etcdTurns = new Turns();
  daemonStarts = 0;

  private constructor(etcd: EtcdServer | null) {
    this.etcd = etcd;
  }

  /** Rejects when it does not come up, and then nothing is left of it. */
  static async start(registry: 'embedded' | 'etcd'): Promise<Subject> {
    const subject = new Subject(registry === 'etcd' ? await EtcdServer.start() : null);
    try {
      await subject.#comeUp();
      return subject;
    } catch (error) {
      await subject.remove();
      throw error;
    }
  }

  async #comeUp(): Promise<void> {
    await this.startDaemon();
    await this.pool.client.createCacheCluster({
      CacheClusterId: CLUSTER,
      NumCacheNodes: FIRST_SIZE,
      Port: 0,
      MemoryMegabytes: 8,
      Threads: 1,
      DrainSeconds: DRAIN_SECONDS,
    });
    const isAvailable = async () => (await this.describe()).CacheClusterStatus === 'available';
    await eventually('the cluster to be available', isAvailable, AVAILABLE_MS_MAX);
  }

  /** Whether a daemon that should run does. */
  get hasDaemonEnded(): boolean {
    return this.#isDaemonWanted && !isAlive(this.pool.pid);
  }

  async startDaemon(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.daemonStarts++;
      try {
        await this.pool.start({ registry: this.etcd === null ? 'embedded' : this.etcd.url, logLevel: 'debug' });
        this.#isDaemonWanted = true;
        return;
      } catch (error) {
        await this.pool.end('SIGKILL');
        if (attempt === STARTS_MAX) throw error;
        await pause(START_AGAIN_MS);
      }
    }
  }

  /** kill -9, and a new one after a while. Those that are asked for meanwhile come after it. */
  killDaemon(awayMs: number): Promise<void> {
    return this.#daemonTurns.take(async () => {
      this.#isDaemonWanted = false;
      await this.pool.end('SIGKILL');
      await pause(awayMs);
      await this.startDaemon();
    });
  }

  /** In order, as for an upgrade: nodes serve on. Rejects when it does not end as it should. */
  endDaemon(awayMs: number): Promise<void> {
    return this.#daemonTurns.take(async () => {
      this.#isDaemonWanted = false;
      const { pid } = this.pool;
      const killer = setTimeout(() => process.kill(pid, 'SIGKILL'), END_MS_MAX);
      const code = await this.pool.end('SIGTERM');
      clearTimeout(killer);
      await pause(awayMs);
      await this.startDaemon();
      if (code !== 0) throw new Error(`a daemon that was told to end left with ${code ?? 'a signal'}`);
    });
  }

  /** It comes to itself again and must not blame others for the time that it missed. */
  stopDaemon(forMs: number): Promise<void> {
    return this.#daemonTurns.take(() => stopFor(this.pool.pid, forMs));
  }

  /** Rejects when there is no host at the moment. */
  async stopHost(forMs: number): Promise<void> {
    await stopFor(this.pool.hostPid, forMs);
  }

  killEtcd(awayMs: number): Promise<void> {
    return this.#etcdTurns.take(async () => {
      await this.etcd?.kill();
      await pause(awayMs);
      await this.etcd?.up();
    });
  }

  describe(): Promise<CacheCluster> {
    return this.pool.describe(CLUSTER);
  }

  /** Unplanned ends of the node on this port that followed each other closely: the next start waits. */
  async failuresOf(port: number): Promise<number> {
    const cluster = await this.describe().catch(() => null);
    const node = cluster?.CacheNodes?.find(({ Endpoint }) => Endpoint?.Port === port);
    return node?.Shoal.Failures.Count ?? 0;
  }

  async resize(nodeCount: number): Promise<void> {
    await this.pool.client.modifyCacheCluster({ CacheClusterId: CLUSTER, NumCacheNodes: nodeCount });
  }

  async replace(port: number): Promise<void> {
    const { CacheNodes = [] } = await this.describe();
    const node = CacheNodes.find(({ Endpoint }) => Endpoint?.Port === port);
    if (node === undefined) throw new Error(`no node is listed on port ${port}`);
    await this.pool.client.replaceCacheNode({ CacheClusterId: CLUSTER, CacheNodeId: node.CacheNodeId });
  }

  /** Everything: also what a failed run left. */
  async remove(): Promise<void> {
    this.#isDaemonWanted = false;
    try {
      await this.pool.remove();
    } finally {
      await this.etcd?.end();
    }
  }
}

/** One after the other, in the order in which they were asked for. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

async function stopFor(pid: number, forMs: number): Promise<void> {
  if (!isAlive(pid)) throw new Error(`Cannot stop process ${pid}: it is gone`);
  process.kill(pid, 'SIGSTOP');
  await pause(forMs);
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

/** 0 is nobody, though kill takes it for everybody here. */
function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
