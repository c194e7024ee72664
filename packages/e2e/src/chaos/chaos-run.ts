/**
 * One chaos run: a pool under load, faults from a seeded schedule, and what must be true all along and whenever it is at rest.
 *
 * Called by main.ts. A round does its faults, waits until the cluster is as desired, and then checks: all lists equal, every
 * key that a live process acknowledged still there, both ways of access working. It stops by itself; a cluster that does
 * not come to rest in time is a violation and ends the run.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { RandomBytes } from '../harness/random-bytes.js';
import { Harm, seconds } from './harm.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { Machine, markedProcesses } from './machine.js';
import { portsIn } from './question.js';
import { Schedule } from './schedule.js';
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

const REST_MS_MAX = 45_000;
const LOOK_MS = 25;
const ACCESS_AGAIN_MS = 250;
const KEYS_AT_REST = 100;
const LEAK_CHECKS = 40;
const LEAK_AGAIN_MS = 250;
/** What a daemon, a host or a node says that went wrong in a way that nobody foresaw. */
const ALARMING =
  /unhandled|UnhandledPromiseRejection|TypeError|ReferenceError|RangeError|"level":60|A turn of the supervisor failed/i;

export class ChaosRun {
  readonly violations: string[] = [];
  readonly machine = new Machine();
  readonly ledger = new Ledger();
  readonly watch: Watch;
  readonly load: Load;
  readonly harm: Harm;
  keysChecked = 0;
  rests = 0;
  /** The longest time from a rest until both ways of access worked without a failure. */
  accessMsMax = 0;
  readonly #options: ChaosOptions;
  readonly #subject: Subject;
  readonly #schedule: Schedule;
  readonly #startedAtMs = performance.now();

  private constructor(options: ChaosOptions, subject: Subject, endpointPort: number) {
    const random = new RandomBytes(options.seed);
    this.#options = options;
    this.#subject = subject;
    this.#schedule = new Schedule(random, { withEtcd: options.registry === 'etcd' });
    this.watch = new Watch(endpointPort, (text) => this.#violate(text));
    const { watch, ledger } = this;
    this.harm = new Harm({
      ...{ subject, watch, machine: this.machine, boundMs: options.boundMs },
      say: (line) => this.#say(line),
      violate: (text) => this.#violate(text),
    });
    this.load = new Load({ endpointPort, watch, ledger, random: new RandomBytes(options.seed + 1) });
  }

  /** Rejects only if the pool does not even come up. */
  static async go(options: ChaosOptions): Promise<ChaosRun> {
    const mark = `${process.pid}-${options.seed}`;
    Machine.mark(mark);
    const subject = await Subject.start(options.registry);
    const { ConfigurationEndpoint, CacheNodes = [] } = await subject.describe();
    const run = new ChaosRun(options, subject, ConfigurationEndpoint.Port);
    run.harm.sizes.add(CacheNodes.length);
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
    const endAtMs = performance.now() + this.#options.seconds * 1000;
    while (performance.now() < endAtMs && this.violations.length === 0) {
      const faults = this.#schedule.next();
      const isSingle = faults.length === 1;
      await Promise.all(faults.map((fault) => this.harm.carryOut(fault, { isSingle })));
      await this.#rest();
    }
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
    this.watch.endRound();
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
    if (!this.harm.sizes.has(CacheNodes.length)) return `the cluster has ${CacheNodes.length} nodes`;
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
    this.harm.sizes.clear();
    this.harm.sizes.add(CacheNodes.length);
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
      const tookMs = performance.now() - sinceMs;
      this.accessMsMax = Math.max(this.accessMsMax, tookMs);
      if (failures.length === 0) return;
      if (tookMs > REST_MS_MAX) {
        return this.#violate(`at rest ${failures.length} requests still fail: ${failures[0]}`);
      }
      await pause(ACCESS_AGAIN_MS);
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
