/**
 * Carries out the faults of a chaos run on its subject, and measures how long it takes until what was harmed is replaced.
 *
 * Used by chaos-run.ts, several faults at the same time. Tells the watch beforehand whose end has a reason. A replacement of a
 * single node that takes longer than the bound is a violation, unless the machine or an earlier failure explains it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Machine, Moment } from './machine.js';
import { askNode, portsIn } from './question.js';
import { type Fault, FaultKind } from './schedule.js';
import type { Subject } from './subject.js';
import type { Watch } from './watch.js';

export interface Replacement {
  readonly kind: FaultKind;
  readonly tookMs: number;
  /** Nothing else was harmed in that round. */
  readonly isSingle: boolean;
  readonly excuse: string | null;
}

export interface HarmParts {
  readonly subject: Subject;
  readonly watch: Watch;
  readonly machine: Machine;
  readonly boundMs: number;
  readonly say: (line: string) => void;
  readonly violate: (text: string) => void;
}

const REPLACED_MS_MAX = 60_000;
const LOOK_MS = 25;
const HOST_DEATH_MS = 200;
const SIZES = [3, 4, 5, 6, 7];
const RESIZE_ATTEMPTS = 20;
const RESIZE_AGAIN_MS = 250;

export class Harm {
  readonly replacements: Replacement[] = [];
  readonly faults = new Map<FaultKind, number>();
  /** Sizes that the cluster may have: that of the last rest, and those asked for since. */
  readonly sizes = new Set<number>();
  readonly #parts: HarmParts;

  constructor(parts: HarmParts) {
    this.#parts = parts;
  }

  async carryOut(fault: Fault, { isSingle }: { readonly isSingle: boolean }): Promise<void> {
    await pause(fault.afterMs);
    this.faults.set(fault.kind, 1 + (this.faults.get(fault.kind) ?? 0));
    switch (fault.kind) {
      case FaultKind.KILL_NODE:
        return this.#harmNode(fault, 'SIGKILL', isSingle);
      case FaultKind.STOP_NODE:
        return this.#harmNode(fault, 'SIGSTOP', isSingle);
      case FaultKind.KILL_DAEMON:
        return this.#killDaemon(fault);
      case FaultKind.END_DAEMON:
        return this.#endDaemon(fault);
      case FaultKind.STOP_DAEMON:
        return this.#stopFor(fault, (forMs) => this.#parts.subject.stopDaemon(forMs));
      case FaultKind.STOP_HOST:
        return this.#stopFor(fault, (forMs) => this.#parts.subject.stopHost(forMs));
      case FaultKind.KILL_HOST:
        return this.#killHost(fault, isSingle);
      case FaultKind.RESIZE:
        return this.#resize(fault);
      case FaultKind.REPLACE:
        return this.#replace(fault);
      case FaultKind.KILL_ETCD:
        return this.#killEtcd(fault);
    }
  }

  async #harmNode({ kind, where }: Fault, signal: NodeJS.Signals, isSingle: boolean): Promise<void> {
    const ports = portsIn(this.#parts.watch.newest.list);
    const port = ports[Math.floor(where * ports.length)];
    const pid = (await askNode(port))?.pid ?? 0;
    if (pid === 0) return this.#parts.say(`${kind}: the one on port ${port} is away already`);
    const failures = await this.#parts.subject.failuresOf(port);
    const backoff = failures < 1 ? null : `after ${failures} failures shortly before`;
    this.#parts.watch.excuse(pid);
    const since = this.#parts.machine.now();
    try {
      process.kill(pid, signal);
    } catch {
      return this.#parts.say(`${kind}: pid ${pid} on port ${port} is gone already`);
    }
    const tookMs = await this.#replaced(port, pid, since);
    if (tookMs === null) return this.#parts.say(`${kind} on port ${port}, pid ${pid}: it left the list meanwhile`);
    const excuse = backoff ?? this.#parts.machine.excuseSince(since);
    this.#noteReplacement({ kind, tookMs, isSingle, excuse }, `on port ${port}, pid ${pid}`);
  }

  /** Until another process on that port shows a list; null when the port belongs to no node any more. */
  async #replaced(port: number, pid: number, { atMs }: Moment): Promise<number | null> {
    while (performance.now() - atMs < REPLACED_MS_MAX) {
      const answer = await askNode(port);
      const tookMs = performance.now() - atMs;
      if (answer !== null && answer.pid !== pid && answer.version > 0) return tookMs;
      if (!portsIn(this.#parts.watch.newest.list).includes(port)) return null;
      await pause(LOOK_MS);
    }
    throw new Error(`the node on port ${port}, pid ${pid}, was not replaced within ${REPLACED_MS_MAX} ms`);
  }

  #noteReplacement(replacement: Replacement, what: string): void {
    const { kind, tookMs, isSingle, excuse } = replacement;
    this.replacements.push(replacement);
    this.#parts.say(`${kind} ${what}: replaced after ${seconds(tookMs)}${excuse === null ? '' : ` (${excuse})`}`);
    const isLate = isSingle && kind !== FaultKind.KILL_HOST && tookMs > this.#parts.boundMs && excuse === null;
    if (isLate)
      this.#parts.violate(`${kind} ${what}: replaced after ${seconds(tookMs)}, later than ${this.#parts.boundMs} ms`);
  }

  async #killDaemon({ kind, awayMs }: Fault): Promise<void> {
    const sinceMs = performance.now();
    await this.#parts.subject.killDaemon(awayMs);
    const tookMs = performance.now() - sinceMs;
    this.#parts.say(`${kind}: started after ${seconds(awayMs)}, answered ${seconds(tookMs)} after the kill`);
  }

  async #endDaemon({ kind, awayMs }: Fault): Promise<void> {
    const sinceMs = performance.now();
    await this.#parts.subject.endDaemon(awayMs);
    this.#parts.say(`${kind}: the next one answered ${seconds(performance.now() - sinceMs)} later`);
  }

  async #stopFor({ kind, awayMs }: Fault, stop: (forMs: number) => Promise<void>): Promise<void> {
    try {
      await stop(2 * awayMs);
      this.#parts.say(`${kind}: ${seconds(2 * awayMs)}`);
    } catch {
      this.#parts.say(`${kind}: there is none at the moment`);
    }
  }

  async #killHost({ kind }: Fault, isSingle: boolean): Promise<void> {
    const since = this.#parts.machine.now();
    const ports = portsIn(this.#parts.watch.newest.list);
    const pids = ports.map((port) => this.#parts.watch.pidOn(port));
    this.#parts.watch.excuseAll();
    try {
      process.kill(this.#parts.subject.pool.hostPid, 'SIGKILL');
    } catch {
      return this.#parts.say(`${kind}: there is none at the moment`);
    }
    await pause(HOST_DEATH_MS);
    this.#parts.watch.excuseAll();
    const took = await Promise.all(ports.map((port, index) => this.#replaced(port, pids[index], since)));
    const tookMs = Math.max(...took.map((each) => each ?? 0));
    const what = `and with it its ${ports.length} nodes`;
    this.#noteReplacement({ kind, tookMs, isSingle, excuse: this.#parts.machine.excuseSince(since) }, what);
  }

  /** The daemon may be away, or busy with the resize before. */
  async #resize({ kind, where }: Fault): Promise<void> {
    const sizes = SIZES.filter((size) => size !== portsIn(this.#parts.watch.newest.list).length);
    const size = sizes[Math.floor(where * sizes.length)];
    let refusal = '';
    for (let attempt = 0; attempt < RESIZE_ATTEMPTS; attempt++) {
      this.sizes.add(size);
      try {
        await this.#parts.subject.resize(size);
        return this.#parts.say(`${kind} to ${size}`);
      } catch (error) {
        refusal = (error as Error).message;
      }
      await pause(RESIZE_AGAIN_MS);
    }
    this.#parts.say(`${kind} to ${size}: refused, ${refusal}`);
  }

  /** The daemon may be away, or refuse because the node is just being started. */
  async #replace({ kind, where }: Fault): Promise<void> {
    const ports = portsIn(this.#parts.watch.newest.list);
    const port = ports[Math.floor(where * ports.length)];
    const pid = this.#parts.watch.pidOn(port);
    const since = this.#parts.machine.now();
    this.#parts.watch.excusePort(port);
    try {
      await this.#parts.subject.replace(port);
    } catch (error) {
      return this.#parts.say(`${kind} on port ${port}: refused, ${(error as Error).message}`);
    }
    const tookMs = await this.#replaced(port, pid, since);
    this.#parts.say(`${kind} on port ${port}: ${tookMs === null ? 'it left meanwhile' : `after ${seconds(tookMs)}`}`);
  }

  async #killEtcd({ kind, awayMs }: Fault): Promise<void> {
    await this.#parts.subject.killEtcd(awayMs);
    this.#parts.say(`${kind}: away for ${seconds(awayMs)}`);
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
