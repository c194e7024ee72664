/**
 * The driver for nodes that are processes of this machine. It runs none of them itself: a detached host process does, which
 * outlives the daemon and is adopted by the next one. docs/decisions/0023-host-process.md
 *
 *   closed ──▶ opening ──▶ linked ◀──▶ lost      lost: the host has died and its nodes with it; told once, then `exited`
 *     ▲──────────────────────┴──────────┘        for each node, and `ready` as soon as there is a new host
 *
 * Called by the supervisor alone. A connection that breaks while its host lives is made anew without a word. A host that
 * does not answer is killed when something was asked of it, because without it no node could ever be replaced.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { hostFilesIn } from '../host/host-files.js';
import { type HostQuestion, keyText, type NodeExit, runningNodes, startedNode } from '../host/host-protocol.js';
import { endAbandonedNodes } from '../host/node-roll.js';
import { isGoneWithin } from '../host/process-identity.js';
import { DriverKind } from '../model.js';
import {
  type Driver,
  DriverError,
  DriverErrorCode,
  type DriverEvent,
  type NodeKey,
  type NodeLaunch,
  type RunningNode,
} from './driver.js';
import { type Asking, type ConnectionEvents, HostSilentError } from './process-connection.js';
import { type HostLink, killHost, type LinkParts, linkToLiving, reachHost } from './process-link.js';

export interface ProcessDriverOptions {
  readonly dataDir: string;
  /** A host with neither node nor daemon ends after this time. */
  readonly idleBoundMs?: number;
  /** A host that does not answer for this long is replaced, nodes and all. */
  readonly hangBoundMs?: number;
}

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'linked'; readonly link: HostLink }
  | { readonly kind: 'lost'; readonly reason: string };

const DEFAULTS = { idleBoundMs: 15_000, hangBoundMs: 5000 };
/** Starts have to wait for their turn when many are asked for at once. That the host lives is looked after meanwhile. */
const START_TIMEOUT_MS = 180_000;
const QUESTION_TIMEOUT_MS = 5000;
const FIRST_DELAY_MS = 500;
const DELAY_MAX_MS = 30_000;
const DOUBLINGS_MAX = 6;
/** A host that lived this long is no longer held responsible for those before it. */
const FORGIVEN_AFTER_MS = 10_000;
const nothing = z.null();

export class ProcessDriver implements Driver {
  readonly kind = DriverKind.PROCESS;
  readonly #parts: LinkParts;
  #state: State = { kind: 'closed' };
  #tell: (event: DriverEvent) => void = () => {};
  /** What runs, as far as this driver has been told: what a dead host takes with it. */
  readonly #known = new Map<string, NodeKey>();
  /** Host deaths that follow each other closely. */
  #deaths = 0;
  #linkedAtMs = 0;
  /** Aborted when this opening of the driver is over. */
  #opening = new AbortController();

  constructor({ dataDir, ...bounds }: ProcessDriverOptions) {
    this.#parts = { files: hostFilesIn(dataDir), ...DEFAULTS, ...bounds };
  }

  async open(onEvent: (event: DriverEvent) => void): Promise<void> {
    this.#tell = onEvent;
    this.#opening = new AbortController();
    this.#enter({ kind: 'opening' });
    try {
      await this.#adopt(await reachHost(this.#parts, this.#events()), this.#opening.signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  async list(): Promise<readonly RunningNode[]> {
    return this.#ask({ kind: 'list' }, { schema: runningNodes, what: 'list the local nodes' });
  }

  async start(launch: NodeLaunch): Promise<RunningNode> {
    const asking = { schema: startedNode, timeoutMs: START_TIMEOUT_MS, what: `start node ${keyText(launch)}` };
    const link = this.#requireLink(asking.what);
    const pulse = setInterval(() => void this.#probe(link), this.#parts.hangBoundMs);
    try {
      const node = await this.#ask({ kind: 'start', launch }, asking);
      this.#know(launch);
      return node;
    } finally {
      clearInterval(pulse);
    }
  }

  async stop(key: NodeKey, { graceMs }: { readonly graceMs: number }): Promise<void> {
    const timeoutMs = graceMs + QUESTION_TIMEOUT_MS;
    const what = `stop node ${keyText(key)}`;
    await this.#ask({ kind: 'stop', key, graceMs }, { schema: nothing, timeoutMs, what });
  }

  async kill(key: NodeKey): Promise<void> {
    await this.#ask({ kind: 'kill', key }, { schema: nothing, what: `kill node ${keyText(key)}` });
  }

  async close(): Promise<void> {
    const { link } = this.#leave();
    link?.connection.close();
  }

  async shutDown({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const left = this.#leave();
    const link = left.link ?? (await linkToLiving(this.#parts, this.#events()));
    if (link !== null) {
      const asking = { schema: nothing, timeoutMs: graceMs + QUESTION_TIMEOUT_MS, what: 'stop the local nodes' };
      // It may end before its answer is read, or hang: both are seen below.
      await link.connection.ask({ kind: 'shut-down', graceMs }, asking).catch(() => {});
      if (!(await isGoneWithin(link.process, QUESTION_TIMEOUT_MS))) await killHost(link.process);
      link.connection.close();
    }
    await endAbandonedNodes(this.#parts.files.nodes);
  }

  /** From here on nothing is brought back. */
  #leave(): { readonly link: HostLink | null } {
    const link = this.#state.kind === 'linked' ? this.#state.link : null;
    this.#enter({ kind: 'closed' });
    this.#opening.abort();
    this.#known.clear();
    return { link };
  }

  async #ask<Result>(
    question: HostQuestion,
    { timeoutMs = QUESTION_TIMEOUT_MS, ...asking }: Omit<Asking<Result>, 'timeoutMs'> & { readonly timeoutMs?: number },
  ): Promise<Result> {
    const link = this.#requireLink(asking.what);
    try {
      return await link.connection.ask(question, { ...asking, timeoutMs });
    } catch (error) {
      if (error instanceof HostSilentError) void this.#probe(link);
      throw error;
    }
  }

  #requireLink(what: string): HostLink {
    switch (this.#state.kind) {
      case 'linked':
        return this.#state.link;
      case 'closed':
      case 'opening':
        throw new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot ${what}: the driver is not open`);
      case 'lost': {
        const reason = `the host of local nodes ${this.#state.reason}, and is being started again`;
        throw new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot ${what}: ${reason}`);
      }
    }
  }

  /** Was only that request slow, or does the host hang? Then it ends here, and what follows is as for any dead host. */
  async #probe({ connection, process }: HostLink): Promise<void> {
    const asking = { schema: runningNodes, timeoutMs: this.#parts.hangBoundMs, what: 'reach the host of local nodes' };
    try {
      await connection.ask({ kind: 'list' }, asking);
    } catch (error) {
      if (error instanceof HostSilentError) await killHost(process);
    }
  }

  /** The events of one connection: only those of the current one count. */
  #events(): ConnectionEvents {
    return {
      onExit: (exit) => this.#onExit(exit),
      onClose: (reason, connection) => {
        if (this.#state.kind !== 'linked' || this.#state.link.connection !== connection) return;
        void this.#recover(this.#state.link, reason);
      },
    };
  }

  #onExit({ key, reason }: NodeExit): void {
    this.#known.delete(keyText(key));
    this.#tell({ kind: 'exited', key, reason });
  }

  #know({ clusterId, nodeId }: NodeKey): void {
    this.#known.set(keyText({ clusterId, nodeId }), { clusterId, nodeId });
  }

  async #adopt(link: HostLink, signal: AbortSignal): Promise<void> {
    const asking = { schema: runningNodes, timeoutMs: QUESTION_TIMEOUT_MS, what: 'list the local nodes' };
    const running = await link.connection.ask({ kind: 'list' }, asking);
    if (signal.aborted) return link.connection.close();
    const names = new Set(running.map(keyText));
    const gone = [...this.#known.values()].filter((key) => !names.has(keyText(key)));
    for (const key of gone) this.#onExit({ kind: 'exited', key, reason: 'ended while its host could not be reached' });
    for (const node of running) this.#know(node);
    this.#linkedAtMs = performance.now();
    this.#enter({ kind: 'linked', link });
  }

  /** Back to the same host, or, if that is gone, to another. */
  async #recover(before: HostLink, reason: string): Promise<void> {
    const { signal } = this.#opening;
    this.#enter({ kind: 'lost', reason: `cannot be reached (${reason})` });
    if ((await this.#isRelinked(before, signal)) || signal.aborted) return;
    const sentence = `ended (${reason})`;
    this.#enter({ kind: 'lost', reason: sentence });
    this.#tell({ kind: 'lost', reason: `The host of local nodes, process ${before.process.pid}, ${sentence}` });
    for (const key of [...this.#known.values()]) this.#onExit({ kind: 'exited', key, reason: 'ended with its host' });
    if (performance.now() - this.#linkedAtMs > FORGIVEN_AFTER_MS) this.#deaths = 0;
    while (!signal.aborted && !(await this.#isReplaced(signal)));
    if (!signal.aborted) this.#tell({ kind: 'ready' });
  }

  async #isRelinked(before: HostLink, signal: AbortSignal): Promise<boolean> {
    try {
      const link = await linkToLiving(this.#parts, this.#events());
      if (link === null) return false;
      if (link.hello.pid === before.hello.pid && link.hello.startedAtMs === before.hello.startedAtMs) {
        await this.#adopt(link, signal);
        return true;
      }
      link.connection.close();
      return false;
    } catch {
      return false;
    }
  }

  /** One attempt, after a delay that grows from death to death. */
  async #isReplaced(signal: AbortSignal): Promise<boolean> {
    const delayMs = this.#deaths === 0 ? 0 : FIRST_DELAY_MS * 2 ** Math.min(this.#deaths - 1, DOUBLINGS_MAX);
    this.#deaths++;
    try {
      await pause(Math.min(delayMs, DELAY_MAX_MS), undefined, { signal });
      await this.#adopt(await reachHost(this.#parts, this.#events()), signal);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#enter({ kind: 'lost', reason: `is gone (${(error as Error).message})` });
      return false;
    }
  }

  /** The one place that changes the state. */
  #enter(state: State): void {
    this.#state = state;
  }
}
