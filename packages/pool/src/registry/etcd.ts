/**
 * The registry in etcd, for several daemons on many hosts: `etcd://host:port[,host:port…][/prefix]`.
 *
 *   <prefix>/clusters/<id>   { "format": "shoal-cluster", "formatVersion": 1, "cluster": record }
 *   <prefix>/floors/<id>     the last version of a cluster that was removed; written in the transaction that removes it
 *   <prefix>/leader          bound to the lease of the daemon that leads
 *   <prefix>/daemons/<id>    bound to the lease of that daemon, so there while it runs
 *
 * A revision is etcd's mod_revision of the key, and every write is a transaction that compares it. What etcd acknowledges
 * is on the disks of its quorum. Watches and leadership live through restarts of etcd; calls fail meanwhile.
 */
import { hostname } from 'node:os';
import type { ClusterRecord } from '../model.js';
import { EtcdGateway, type KeyValue, type TxnAnswer, toBase64 } from './etcd-gateway.js';
import { EtcdLeadership } from './etcd-leadership.js';
import { parseEtcdUrl } from './etcd-url.js';
import { EtcdWatch } from './etcd-watch.js';
import {
  checked,
  checkFormat,
  clusterRecord,
  FORMAT_VERSION,
  FormatError,
  parseJson,
  storableRecord,
  versionNumber,
} from './record-format.js';
import {
  type Registry,
  RegistryError,
  RegistryErrorCode,
  type RegistryEvents,
  type StoredCluster,
} from './registry.js';

const FORMAT = 'shoal-cluster';

export interface EtcdOptions {
  /** Of the daemon that uses it, to be told by others that it is there. Default null: nobody is told. */
  readonly daemonId?: string | null;
  /** Of one call to one endpoint. */
  readonly deadlineMs?: number;
  /** How long a leader that vanished keeps the others waiting. */
  readonly leaseSeconds?: number;
  /** How often a silent watch is checked. */
  readonly checkMs?: number;
}

const DEFAULTS = { daemonId: null, deadlineMs: 2_000, leaseSeconds: 6, checkMs: 5_000 } as const;

export class EtcdRegistry implements Registry {
  readonly name: string;
  readonly isExclusive = false;
  readonly #options: Required<EtcdOptions>;
  readonly #gateway: EtcdGateway;
  readonly #prefix: string;
  #watch: EtcdWatch | null = null;
  #leadership: EtcdLeadership | null = null;
  #watchTrouble: string | null = null;
  #callTrouble: string | null = null;
  #isReachable = true;

  /** Refuses a URL that is none; reaches nothing yet. */
  constructor(url: string, options: EtcdOptions = {}) {
    const location = parseEtcdUrl(url);
    this.name = location.name;
    this.#prefix = location.prefix;
    this.#options = { ...DEFAULTS, ...options };
    this.#gateway = new EtcdGateway(location, this.#options.deadlineMs);
  }

  get isLeader(): boolean {
    return this.#leadership?.isLeader ?? false;
  }

  async open(events: RegistryEvents): Promise<void> {
    this.#leadership = new EtcdLeadership(this.#gateway, {
      key: `${this.#prefix}leader`,
      presenceKey: this.#options.daemonId === null ? null : this.#presenceKey(this.#options.daemonId),
      daemonName: `${hostname()} ${process.pid}`,
      leaseSeconds: this.#options.leaseSeconds,
      onLeadership: events.onLeadership,
    });
    this.#watch = new EtcdWatch(this.#gateway, this.#prefix, {
      checkMs: this.#options.checkMs,
      onEntry: (key, entry) => this.#entryChanged(events, key, entry),
      onBroken: (reason) => this.#setTrouble(events, { watch: reason }),
      onResumed: () => this.#setTrouble(events, { watch: null }),
    });
    try {
      await this.#watch.open();
    } catch (error) {
      throw this.#openError(error as Error);
    }
    this.#gateway.onOutcome = (isReachable, reason) =>
      this.#setTrouble(events, { call: isReachable ? null : (reason ?? 'no answer') });
    this.#leadership.start();
  }

  async load(): Promise<readonly StoredCluster[]> {
    const { entries } = await this.#gateway.range(`${this.#prefix}clusters/`);
    return entries.map((entry) => this.#readable(entry));
  }

  async loadOne(clusterId: string): Promise<StoredCluster | null> {
    const entry = await this.#gateway.get(this.#clusterKey(clusterId));
    return entry === null ? null : this.#readable(entry);
  }

  async save(cluster: ClusterRecord, revision: string | null): Promise<string> {
    const record = storableRecord(cluster);
    const value = JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, cluster: record });
    const key = toBase64(this.#clusterKey(record.id));
    const answer = await this.#gateway.txn({
      compare: [comparison(key, revision)],
      success: [{ request_put: { key, value: toBase64(value) } }],
      failure: [{ request_range: { key } }],
    });
    if (answer.succeeded) return answer.revision;
    const current = answer.entries[0];
    // The first attempt was carried out and its answer lost: what stands there is what this call wrote.
    if (answer.isRepeated && current?.value === value) return current.modRevision;
    throw conflict(record.id, answer, revision);
  }

  async remove(clusterId: string, revision: string): Promise<void> {
    const floor = await this.versionFloor(clusterId);
    const key = toBase64(this.#clusterKey(clusterId));
    const answer = await this.#gateway.txn({
      compare: [comparison(key, revision)],
      success: [
        { request_delete_range: { key } },
        { request_put: { key: toBase64(this.#floorKey(clusterId)), value: toBase64(String(floor)) } },
      ],
      failure: [{ request_range: { key } }],
    });
    if (answer.succeeded || (answer.isRepeated && answer.entries.length === 0)) return;
    throw conflict(clusterId, answer, revision);
  }

  async versionFloor(clusterId: string): Promise<number> {
    const stored = await this.loadOne(clusterId);
    const floor = await this.#gateway.get(this.#floorKey(clusterId));
    return Math.max(stored?.cluster.version ?? 0, floor === null ? 0 : this.#readableFloor(floor));
  }

  async isPresent(daemonId: string): Promise<boolean> {
    return (await this.#gateway.get(this.#presenceKey(daemonId))) !== null;
  }

  async close(): Promise<void> {
    this.#gateway.onOutcome = () => undefined;
    this.#watch?.close();
    await this.#leadership?.close();
  }

  #entryChanged(events: RegistryEvents, key: string, entry: KeyValue | null): void {
    const name = key.slice(this.#prefix.length);
    if (name === 'leader') this.#leadership?.keyChanged(entry?.value ?? null);
    if (!name.startsWith('clusters/')) return;
    events.onChange(name.slice('clusters/'.length), entry === null ? null : this.#readable(entry));
  }

  #setTrouble(
    events: RegistryEvents,
    trouble: { readonly watch?: string | null; readonly call?: string | null },
  ): void {
    if (trouble.watch !== undefined) this.#watchTrouble = trouble.watch;
    if (trouble.call !== undefined) this.#callTrouble = trouble.call;
    const reason = this.#watchTrouble ?? this.#callTrouble;
    if ((reason === null) === this.#isReachable) return;
    this.#isReachable = reason === null;
    events.onReachable(this.#isReachable, reason ?? undefined);
  }

  #readable({ key, value, modRevision }: KeyValue): StoredCluster {
    return this.#read(key, () => {
      const whole = parseJson(value);
      checkFormat(whole, FORMAT);
      const cluster = checked(clusterRecord, whole.cluster);
      if (this.#clusterKey(cluster.id) !== key) throw new FormatError(`it is the record of cluster ${cluster.id}`);
      return { cluster, revision: modRevision };
    });
  }

  #readableFloor({ key, value }: KeyValue): number {
    return this.#read(key, () => checked(versionNumber, Number(value === '' ? Number.NaN : value)));
  }

  #read<T>(key: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      const reason = (error as Error).message;
      const help = 'Nothing was changed. Run the release that wrote it, or repair or delete the key';
      throw new RegistryError(
        RegistryErrorCode.UNREADABLE,
        `Cannot read the key ${key} of the registry ${this.name}: ${reason}. ${help}`,
        { cause: error },
      );
    }
  }

  #clusterKey(clusterId: string): string {
    return `${this.#prefix}clusters/${clusterId}`;
  }

  #presenceKey(daemonId: string): string {
    return `${this.#prefix}daemons/${daemonId}`;
  }

  #floorKey(clusterId: string): string {
    return `${this.#prefix}floors/${clusterId}`;
  }

  #openError(error: Error): RegistryError {
    const code = error instanceof RegistryError ? error.code : RegistryErrorCode.UNAVAILABLE;
    const reason = error.message.replace(`Cannot reach the registry ${this.name}: `, '');
    return new RegistryError(code, `Cannot open the registry ${this.name}: ${reason}`, { cause: error });
  }
}

function comparison(key: string, revision: string | null) {
  return revision === null
    ? { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }
    : { key, target: 'MOD', result: 'EQUAL', mod_revision: revision };
}

function conflict(clusterId: string, { entries }: TxnAnswer, revision: string | null): RegistryError {
  const what = entries.length === 0 ? 'it is gone' : revision === null ? 'it exists' : 'somebody changed it meanwhile';
  return new RegistryError(RegistryErrorCode.CONFLICT, `Cannot write cluster ${clusterId}: ${what}`);
}
