/**
 * Which of several daemons acts for registered clusters: the one whose lease holds the key `leader` of etcd. The lease of
 * each also holds a key of its own, by which others see that it is there.
 *
 * Used by etcd.ts. The lease is renewed three times in its life. A leader that cannot renew it steps down by its own clock,
 * counted from when the last renewal was sent, so always before etcd can give the key to somebody else; a leader that was
 * stopped meanwhile finds out by `isLeader`, which looks at the clock. A daemon that closes gives the key back.
 */
import type { EtcdGateway } from './etcd-gateway.js';
import { toBase64 } from './etcd-gateway.js';

export interface EtcdLeadershipOptions {
  readonly key: string;
  /** Says that this daemon is there; null: nothing does. */
  readonly presenceKey: string | null;
  /** Says in the key who leads, for people. */
  readonly daemonName: string;
  readonly leaseSeconds: number;
  readonly onLeadership: (isLeader: boolean) => void;
}

const RENEWALS = 3;
/** A leader steps down this part of the lease before its end, for timers that are late. */
const MARGIN = 0.1;

interface Lease {
  readonly id: string;
  /** By performance.now(). */
  readonly validUntilMs: number;
}

export class EtcdLeadership {
  readonly #gateway: EtcdGateway;
  readonly #options: EtcdLeadershipOptions;
  #lease: Lease | null = null;
  #leads = false;
  #isClosed = false;
  #renewal: NodeJS.Timeout | null = null;
  #expiry: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();

  constructor(gateway: EtcdGateway, options: EtcdLeadershipOptions) {
    this.#gateway = gateway;
    this.#options = options;
  }

  get isLeader(): boolean {
    return this.#leads && this.#lease !== null && performance.now() < this.#lease.validUntilMs;
  }

  start(): void {
    this.#startRound();
  }

  /** The key was seen to change: no need to wait until the next renewal. */
  keyChanged(value: string | null): void {
    const mayCare = value === null || (this.#leads && value !== this.#value());
    if (mayCare && !this.#isClosed) this.#startRound();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clearTimers();
    await this.#round;
    this.#clearTimers();
    this.#leads = false;
    const lease = this.#lease;
    this.#lease = null;
    if (lease !== null) await this.#gateway.revokeLease(lease.id).catch(() => undefined);
  }

  /** Rounds run one after the other; one that fails is repeated at the next renewal. */
  #startRound(): void {
    if (this.#renewal !== null) clearTimeout(this.#renewal);
    const intervalMs = (this.#options.leaseSeconds * 1000) / RENEWALS;
    this.#renewal = setTimeout(() => this.#startRound(), intervalMs);
    this.#round = this.#round.then(() => this.#campaign()).catch(() => undefined);
  }

  async #campaign(): Promise<void> {
    if (this.#isClosed) return;
    await this.#renewLease();
    const lease = this.#lease;
    if (lease === null || this.#isClosed) return;
    const key = toBase64(this.#options.key);
    const { succeeded, entries } = await this.#gateway.txn({
      compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
      success: [{ request_put: { key, value: toBase64(this.#value()), lease: lease.id } }],
      failure: [{ request_range: { key } }],
    });
    this.#setLeads(succeeded || entries[0]?.lease === lease.id);
  }

  async #renewLease(): Promise<void> {
    const sentAtMs = performance.now();
    const lease = this.#lease;
    const isKept = lease !== null && (await this.#gateway.keepLease(lease.id));
    if (this.#isClosed) return;
    if (isKept) {
      this.#holdLease(lease.id, sentAtMs);
      return;
    }
    this.#loseLease();
    const granted = await this.#gateway.grantLease(this.#options.leaseSeconds);
    await this.#announce(granted);
    this.#holdLease(granted, sentAtMs);
  }

  /** The key ends with the lease, so it is written once a lease. */
  async #announce(lease: string): Promise<void> {
    const { presenceKey, daemonName } = this.#options;
    if (presenceKey === null) return;
    const put = { key: toBase64(presenceKey), value: toBase64(daemonName), lease };
    await this.#gateway.txn({ compare: [], success: [{ request_put: put }], failure: [] });
  }

  #holdLease(id: string, sentAtMs: number): void {
    const validUntilMs = sentAtMs + this.#options.leaseSeconds * 1000 * (1 - MARGIN);
    this.#lease = { id, validUntilMs };
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#setLeads(false), Math.max(0, validUntilMs - performance.now()));
  }

  #loseLease(): void {
    this.#lease = null;
    this.#setLeads(false);
  }

  /** An answer that comes after the lease may have run out makes no leader. */
  #setLeads(leads: boolean): void {
    const isValid = this.#lease !== null && performance.now() < this.#lease.validUntilMs;
    const next = leads && isValid && !this.#isClosed;
    if (next === this.#leads) return;
    this.#leads = next;
    this.#options.onLeadership(next);
  }

  #value(): string {
    return JSON.stringify({ daemon: this.#options.daemonName, lease: this.#lease?.id ?? null });
  }

  #clearTimers(): void {
    if (this.#renewal !== null) clearTimeout(this.#renewal);
    if (this.#expiry !== null) clearTimeout(this.#expiry);
  }
}
