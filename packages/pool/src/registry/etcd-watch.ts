/**
 * Everything below one prefix of etcd as it changes, without a gap: what is there first, then every change, through any
 * number of broken connections.
 *
 * Used by etcd.ts. After a break the watch resumes behind the last revision that was seen. Where etcd cannot go on from
 * there (compacted, restored from a backup, another etcd) everything is read again and compared, so deletions are told too.
 * A connection that is silently dead is found by asking now and then for changes that should have come.
 */
import type { EtcdGateway, KeyValue } from './etcd-gateway.js';
import { headerOf, keyValueOf } from './etcd-gateway.js';
import type { EndStream, Json } from './etcd-request.js';
import { RetryDelay } from './retry-delay.js';

export interface EtcdWatchEvents {
  /** A key was written, or is gone (null). May throw for a value that it cannot read: the watch then starts over. */
  readonly onEntry: (key: string, entry: KeyValue | null) => void;
  /** The watch broke off; it is being brought back. */
  readonly onBroken: (reason: string) => void;
  /** It delivers again, and has delivered all that happened meanwhile or will at once. */
  readonly onResumed: () => void;
}

type State =
  | { readonly kind: 'reading' }
  | { readonly kind: 'watching'; readonly end: EndStream }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

export class EtcdWatch {
  readonly #gateway: EtcdGateway;
  readonly #prefix: string;
  readonly #events: EtcdWatchEvents;
  readonly #delay = new RetryDelay();
  /** What was delivered last: key → its revision. */
  readonly #known = new Map<string, string>();
  readonly #checkTimer: NodeJS.Timeout;
  #state: State = { kind: 'reading' };
  #lastRevision = 0n;
  #etcdClusterId = '';
  /** Read everything before watching: at first, and when the past is not available. */
  #mustRead = true;
  /** A revision that the last check found and that had not been delivered by then. */
  #overdueRevision = 0n;

  constructor(gateway: EtcdGateway, prefix: string, options: EtcdWatchEvents & { readonly checkMs: number }) {
    this.#gateway = gateway;
    this.#prefix = prefix;
    this.#events = options;
    this.#checkTimer = setInterval(() => this.#check().catch(() => undefined), options.checkMs);
  }

  /** Resolves when everything that is there was delivered; rejects, closed, when it cannot be read. */
  async open(): Promise<void> {
    try {
      await this.#readAll();
    } catch (error) {
      this.close();
      throw error;
    }
    this.#watch();
  }

  close(): void {
    clearInterval(this.#checkTimer);
    this.#become({ kind: 'closed' });
  }

  /** The one setter: leaving a state lets go of what it held. */
  #become(state: State): void {
    const previous = this.#state;
    this.#state = state;
    switch (previous.kind) {
      case 'watching':
        previous.end();
        break;
      case 'waiting':
        clearTimeout(previous.timer);
        break;
      case 'reading':
      case 'closed':
        break;
    }
  }

  async #readAll(): Promise<void> {
    const { revision, etcdClusterId, entries } = await this.#gateway.range(this.#prefix);
    if (this.#isClosed()) return;
    const gone = new Set(this.#known.keys());
    for (const entry of entries) {
      gone.delete(entry.key);
      this.#deliver(entry.key, entry);
    }
    for (const key of gone) this.#deliver(key, null);
    this.#lastRevision = revision;
    this.#etcdClusterId = etcdClusterId;
    this.#mustRead = false;
  }

  #deliver(key: string, entry: KeyValue | null): void {
    if (entry === null ? !this.#known.has(key) : this.#known.get(key) === entry.modRevision) return;
    try {
      this.#events.onEntry(key, entry);
    } catch (error) {
      this.#mustRead = true;
      throw error;
    }
    if (entry === null) this.#known.delete(key);
    else this.#known.set(key, entry.modRevision);
  }

  #watch(): void {
    if (this.#isClosed()) return;
    const end = this.#gateway.watch(this.#prefix, this.#lastRevision + 1n, {
      line: (message) => this.#receive(message),
      end: (error) => this.#retry(error.message),
    });
    this.#become({ kind: 'watching', end });
  }

  #receive(message: Json): void {
    const { revision, clusterId } = headerOf(message);
    if (message.canceled === true || message.compact_revision !== undefined) {
      this.#mustRead = true;
      throw new Error(`etcd ended the watch: ${message.cancel_reason ?? `compacted at ${message.compact_revision}`}`);
    }
    if (BigInt(revision) < this.#lastRevision || clusterId !== this.#etcdClusterId) {
      this.#mustRead = true;
      throw new Error('etcd is not the one that it was: its revision went back, or its identity changed');
    }
    if (message.created === true) {
      this.#events.onResumed();
      return;
    }
    const events = (message.events ?? []) as { readonly type?: string; readonly kv: Json }[];
    for (const { type, kv } of events) {
      const entry = keyValueOf(kv);
      this.#deliver(entry.key, type === 'DELETE' ? null : entry);
      // The events of one revision come in one message, so the watch may resume behind any message.
      this.#lastRevision = BigInt(entry.modRevision);
    }
    // Without events it is a report of progress. With some, the header may lie ahead of others that are still to come.
    if (events.length === 0) this.#lastRevision = BigInt(revision);
  }

  #retry(reason: string): void {
    if (this.#isClosed()) return;
    this.#events.onBroken(reason);
    this.#become({ kind: 'waiting', timer: setTimeout(() => this.#resume(), this.#delay.nextMs()) });
  }

  #resume(): void {
    if (!this.#mustRead) {
      this.#watch();
      return;
    }
    this.#become({ kind: 'reading' });
    this.#readAll().then(
      () => this.#watch(),
      (error: Error) => this.#retry(error.message),
    );
  }

  /** Twice in a row behind the same change: this connection does not deliver any more. */
  async #check(): Promise<void> {
    const from = this.#lastRevision + 1n;
    const { entries } = await this.#gateway.range(this.#prefix, { revision: from, limit: 1 });
    const found = entries[0] === undefined ? 0n : BigInt(entries[0].modRevision);
    if (this.#state.kind !== 'watching') return;
    this.#delay.reset();
    const isOverdue = found > this.#lastRevision && this.#overdueRevision === from;
    this.#overdueRevision = found > this.#lastRevision ? from : 0n;
    if (isOverdue) this.#retry('the watch is behind and delivers nothing');
  }

  #isClosed(): boolean {
    return this.#state.kind === 'closed';
  }
}
