/**
 * One chaos run: a pool under load, faults from a seeded schedule, and what must be true all along and whenever it is at rest.
 *
 * Called by main.ts. A round does its faults, waits until the cluster is as desired, and then checks: all lists equal, every
 * key that a live process acknowledged still there, both ways of access working. It stops by itself; a cluster that does
 * not come to rest in time is a violation and ends the run.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { RandomBytes } from '../harness/random-bytes.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { Machine, type Moment, markedProcesses } from './machine.js';
import { askNode, portsIn } from './question.js';
import { type Fault, FaultKind, Schedule } from './schedule.js';
import { Subject } from './subject.js';
import { Watch } from './watch.js';

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly registry: 'embedded' | 'etcd';
  /** For the replacement of a node in a round without other faults. */
  readonly boundMs: number;
  readonly say: (line: string) => void;
}

export interface Replacement {
  readonly kind: FaultKind;
  readonly tookMs: number;
  readonly isSingle: boolean;
  readonly excuse: string | null;
}

const REST_MS_MAX = 45_000;
const REPLACED_MS_MAX = 40_000;
const LOOK_MS = 25;
const HOST_DEATH_MS = 200;
const SIZES = [3, 4, 5, 6, 7];
const RESIZE_ATTEMPTS = 20;
const RESIZE_AGAIN_MS = 250;
const KEYS_AT_REST = 100;
const LEAK_CHECKS = 40;
const LEAK_AGAIN_MS = 250;
/** What a daemon, a host or a node says that went wrong in a way that nobody foresaw. */
const ALARMING =
  /unhandled|UnhandledPromiseRejection|TypeError|ReferenceError|RangeError|"level":60|A turn of the supervisor failed/i;

export class ChaosRun {
  readonly violations: string[] = [];
  readonly replacements: Replacement[] = [];
  readonly faults = new Map<FaultKind, number>();
  readonly machine = new Machine();
  readonly ledger = new Ledger();
  readonly watch: Watch;
  readonly load: Load;
  keysChecked = 0;
  rests = 0;
  readonly #options: ChaosOptions;
  readonly #subject: Subject;
  readonly #schedule: Schedule;
  readonly #startedAtMs = performance.now();
  /** Sizes that the cluster may have: that of the last rest, and those asked for since. */
  #sizes = new Set<number>();

  private constructor(options: ChaosOptions, subject: Subject, endpointPort: number) {
    const random = new RandomBytes(options.seed);
    this.#options = options;
    this.#subject = subject;
    this.#schedule = new Schedule(random, { withEtcd: options.registry === 'etcd' });
    this.watch = new Watch(endpointPort, (text) => this.#violate(text));
    const { watch, ledger } = this;
    this.load = new Load({ endpointPort, watch, ledger, random: new RandomBytes(options.seed + 1) });
  }

  /** Rejects only if the pool does not even come up. */
  static async go(options: ChaosOptions): Promise<ChaosRun> {
    const mark = `${process.pid}-${options.seed}`;
    Machine.mark(mark);
    const subject = await Subject.start(options.registry);
    const { ConfigurationEndpoint, CacheNodes = [] } = await subject.describe();
    const run = new ChaosRun(options, subject, ConfigurationEndpoint.Port);
    run.#sizes.add(CacheNodes.length);
    options.say(`${CacheNodes.length} nodes behind 127.0.0.1:${ConfigurationEndpoint.Port}, seed ${options.seed}`);
    try {
      await run.#rounds();
    } catch (error) {
      run.#violate(String(error));
    }
    await run.#end(mark);
    return run;
  }

  async #rounds(): Promise<void> {
    await this.#rest();
    const endAtMs = this.#startedAtMs + this.#options.seconds * 1000;
    while (performance.now() < endAtMs && this.violations.length === 0) {
      const faults = this.#schedule.next();
      const since = this.machine.now();
      const isSingle = faults.length === 1;
      await Promise.all(faults.map((fault) => this.#carryOut(fault, { since, isSingle })));
      await this.#rest();
    }
  }

  async #carryOut(fault: Fault, round: { readonly since: Moment; readonly isSingle: boolean }): Promise<void> {
    await pause(fault.afterMs);
    this.faults.set(fault.kind, 1 + (this.faults.get(fault.kind) ?? 0));
    switch (fault.kind) {
      case FaultKind.KILL_NODE:
        return this.#harmNode(fault, 'SIGKILL', round.isSingle);
      case FaultKind.STOP_NODE:
        return this.#harmNode(fault, 'SIGSTOP', round.isSingle);
      case FaultKind.KILL_DAEMON:
        return this.#killDaemon(fault);
      case FaultKind.KILL_HOST:
        return this.#killHost(fault, round.isSingle);
      case FaultKind.RESIZE:
        return this.#resize(fault);
      case FaultKind.KILL_ETCD:
        return this.#killEtcd(fault);
    }
  }

  async #harmNode({ kind, where }: Fault, signal: NodeJS.Signals, isSingle: boolean): Promise<void> {
    const ports = portsIn(this.watch.newest.list);
    const port = ports[Math.floor(where * ports.length)];
    const pid = (await askNode(port))?.pid ?? 0;
    if (pid === 0) return this.#say(`${kind}: the one on port ${port} is away already`);
    const failures = await this.#subject.failuresOf(port);
    const backoff = failures < 1 ? null : `after ${failures} failures shortly before`;
    this.watch.excuse(pid);
    const since = this.machine.now();
    try {
      process.kill(pid, signal);
    } catch {
      return this.#say(`${kind}: pid ${pid} on port ${port} is gone already`);
    }
    const tookMs = await this.#replaced(port, pid, since);
    if (tookMs === null) return this.#say(`${kind} on port ${port}, pid ${pid}: it left the list meanwhile`);
    const excuse = backoff ?? this.machine.excuseSince(since);
    this.#noteReplacement({ kind, tookMs, isSingle, excuse }, `on port ${port}, pid ${pid}`);
  }

  /** Until another process on that port shows a list; null when the port belongs to no node any more. */
  async #replaced(port: number, pid: number, { atMs }: Moment): Promise<number | null> {
    while (performance.now() - atMs < REPLACED_MS_MAX) {
      const answer = await askNode(port);
      const tookMs = performance.now() - atMs;
      if (answer !== null && answer.pid !== pid && answer.version > 0) return tookMs;
      if (!portsIn(this.watch.newest.list).includes(port)) return null;
      await pause(LOOK_MS);
    }
    throw new Error(`the node on port ${port}, pid ${pid}, was not replaced within ${REPLACED_MS_MAX} ms`);
  }

  #noteReplacement(replacement: Replacement, what: string): void {
    const { kind, tookMs, isSingle, excuse } = replacement;
    this.replacements.push(replacement);
    this.#say(`${kind} ${what}: replaced after ${seconds(tookMs)}${excuse === null ? '' : ` (${excuse})`}`);
    const isLate = isSingle && kind !== FaultKind.KILL_HOST && tookMs > this.#options.boundMs && excuse === null;
    if (isLate)
      this.#violate(`${kind} ${what}: replaced after ${seconds(tookMs)}, later than ${this.#options.boundMs} ms`);
  }

  async #killDaemon({ kind, awayMs }: Fault): Promise<void> {
    const sinceMs = performance.now();
    await this.#subject.killDaemon(awayMs);
    const tookMs = performance.now() - sinceMs;
    this.#say(`${kind}: started after ${seconds(awayMs)}, answered ${seconds(tookMs)} after the kill`);
  }

  async #killHost({ kind }: Fault, isSingle: boolean): Promise<void> {
    const since = this.machine.now();
    const ports = portsIn(this.watch.newest.list);
    const pids = ports.map((port) => this.watch.pidOn(port));
    this.watch.excuseAll();
    try {
      process.kill(this.#subject.pool.hostPid, 'SIGKILL');
    } catch {
      return this.#say(`${kind}: there is none at the moment`);
    }
    await pause(HOST_DEATH_MS);
    this.watch.excuseAll();
    const took = await Promise.all(ports.map((port, index) => this.#replaced(port, pids[index], since)));
    const tookMs = Math.max(...took.map((each) => each ?? 0));
    const what = `and with it its ${ports.length} nodes`;
    this.#noteReplacement({ kind, tookMs, isSingle, excuse: this.machine.excuseSince(since) }, what);
  }

  /** The daemon may be away, or busy with the resize before. */
  async #resize({ kind, where }: Fault): Promise<void> {
    const sizes = SIZES.filter((size) => size !== portsIn(this.watch.newest.list).length);
    const size = sizes[Math.floor(where * sizes.length)];
    let refusal = '';
    for (let attempt = 0; attempt < RESIZE_ATTEMPTS; attempt++) {
      this.#sizes.add(size);
      try {
        await this.#subject.resize(size);
        return this.#say(`${kind} to ${size}`);
      } catch (error) {
        refusal = (error as Error).message;
      }
      await pause(RESIZE_AGAIN_MS);
    }
    this.#say(`${kind} to ${size}: refused, ${refusal}`);
  }

  async #killEtcd({ kind, awayMs }: Fault): Promise<void> {
    await this.#subject.killEtcd(awayMs);
    this.#say(`${kind}: away for ${seconds(awayMs)}`);
  }

  /** Waits for it, then checks what must be true of it. */
  async #rest(): Promise<void> {
    const sinceMs = performance.now();
    let why = await this.#unrest();
    while (why !== null) {
      if (performance.now() - sinceMs > REST_MS_MAX) throw new Error(`the cluster does not come to rest: ${why}`);
      await pause(LOOK_MS);
      why = await this.#unrest();
    }
    this.rests++;
    const version = `version ${this.watch.newest.version} of ${portsIn(this.watch.newest.list).length} nodes`;
    this.#say(`at rest after ${seconds(performance.now() - sinceMs)}, ${version}`);
    await this.#checkKeys();
    await this.#checkAccess();
  }

  /** What is not yet as it should be; null when all is. */
  async #unrest(): Promise<string | null> {
    if (this.#subject.hasDaemonEnded)
      throw new Error(`the daemon ended by itself: ${this.#subject.pool.output.slice(-2000)}`);
    const cluster = await this.#subject.describe().catch((error: unknown) => String(error));
    if (typeof cluster === 'string') return `the daemon answers ${cluster}`;
    const { CacheClusterStatus, CacheNodes = [], Shoal } = cluster;
    if (CacheClusterStatus !== 'available') return `the cluster is ${CacheClusterStatus}`;
    if (!this.#sizes.has(CacheNodes.length)) return `the cluster has ${CacheNodes.length} nodes`;
    const ill = CacheNodes.find(
      (node) => node.Shoal.Health !== 'healthy' || node.Shoal.ConfigVersion !== Shoal.Version,
    );
    if (ill !== undefined)
      return `node ${ill.CacheNodeId} is ${ill.Shoal.Health}, at version ${ill.Shoal.ConfigVersion}`;
    const shown = await this.watch.look();
    if (shown.length !== CacheNodes.length + 1) return `${shown.length - 1} nodes are listed`;
    const [endpoint] = shown;
    if (endpoint === null) return 'the endpoint does not answer';
    if (endpoint.version !== Shoal.Version)
      return `the endpoint shows version ${endpoint.version}, not ${Shoal.Version}`;
    if (shown.some((each) => each?.list !== endpoint.list || each.version !== endpoint.version)) return 'lists differ';
    if (this.load.clientVersion !== Shoal.Version) return `the client is at version ${this.load.clientVersion}`;
    this.#sizes = new Set([CacheNodes.length]);
    return null;
  }

  async #checkKeys(): Promise<void> {
    for (const port of portsIn(this.watch.newest.list)) {
      const outcome = await this.ledger.lossesOf(port, this.watch.pidOn(port));
      if (outcome === null) this.#violate(`the node on port ${port} does not answer at rest`);
      this.keysChecked += outcome?.checked ?? 0;
      const [loss] = outcome?.losses ?? [];
      if (loss !== undefined) this.#violate(`${loss} (and ${(outcome?.losses.length ?? 1) - 1} more)`);
    }
  }

  /** Quarantines of client and endpoint end a little later than the trouble. */
  async #checkAccess(): Promise<void> {
    const sinceMs = performance.now();
    for (;;) {
      const failures = await this.load.failuresAtRest(KEYS_AT_REST);
      if (failures.length === 0) return;
      if (performance.now() - sinceMs > REST_MS_MAX) {
        return this.#violate(`at rest ${failures.length} requests still fail: ${failures[0]}`);
      }
      await pause(RESIZE_AGAIN_MS);
    }
  }

  async #end(mark: string): Promise<void> {
    await this.load.close();
    await this.watch.close();
    this.machine.close();
    try {
      await this.#subject.remove();
    } catch (error) {
      this.#violate(`the pool does not end in order: ${error}`);
    }
    const alarm = this.#subject.pool.output.split('\n').find((line) => ALARMING.test(line));
    if (alarm !== undefined) this.#violate(`the daemon said: ${alarm.slice(0, 1000)}`);
    let left = markedProcesses(mark);
    for (let check = 0; check < LEAK_CHECKS && left.length > 0; check++) {
      await pause(LEAK_AGAIN_MS);
      left = markedProcesses(mark);
    }
    if (left.length > 0) this.#violate(`processes are left: ${left.join('; ')}`);
  }

  #violate(text: string): void {
    this.violations.push(text);
    this.#say(`VIOLATION: ${text}`);
  }

  #say(line: string): void {
    this.#options.say(`+${seconds(performance.now() - this.#startedAtMs).padStart(6)}  ${line}`);
  }

  /** What the daemons of this run logged. */
  get daemonOutput(): string {
    return this.#subject.pool.output;
  }

  get daemonStarts(): number {
    return this.#subject.daemonStarts;
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
