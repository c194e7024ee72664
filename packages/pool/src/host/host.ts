/**
 * The nodes of one machine: forks them through node:cluster, stops and kills them, and tells when one ended.
 *
 * Made by main.ts; host-listener.ts carries out requests with it. At most one process a node at any time: a start of a node
 * that runs is answered with what runs, and one of a node that is just ending waits for its end. The kernel of the matter
 * is small on purpose, because a host that dies takes its nodes with it.
 */
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DriverError, DriverErrorCode, type NodeKey, type NodeLaunch, type RunningNode } from '../drivers/driver.js';
import { keyText, type NodeExit } from './host-protocol.js';
import { NodeChild } from './node-child.js';
import type { NodeRoll } from './node-roll.js';
import { Turns } from './turns.js';

export interface HostParts {
  readonly nodeLogs: string;
  readonly roll: NodeRoll;
  readonly onExit: (exit: NodeExit) => void;
  readonly log: (message: string) => void;
}

const NODE_ENTRY = fileURLToPath(new URL('./node-process.js', import.meta.url));
/** From its turn on, on a machine that has much else to do. */
const START_BOUND_MS = 30_000;
/** A start is work for one core and a half. */
const STARTS_AT_ONCE = Math.max(2, availableParallelism());
/** More than one machine has ports and memory for; a bound on what a faulty daemon can start. */
const NODES_MAX = 1000;

export class Host {
  readonly #parts: HostParts;
  readonly #nodes = new Map<string, NodeChild>();
  /** Starts that wait for their turn. */
  readonly #waiting = new Map<string, Promise<NodeChild>>();
  readonly #turns = new Turns(STARTS_AT_ONCE);
  #isShuttingDown = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
    cluster.setupPrimary({ exec: NODE_ENTRY, args: [], execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0 && this.#waiting.size === 0;
  }

  list(): RunningNode[] {
    return [...this.#nodes.values()].filter(({ isServing }) => isServing).map((node) => node.describe());
  }

  /** Resolves when the node listens. */
  async start(launch: NodeLaunch): Promise<RunningNode> {
    const running = this.#nodes.get(keyText(launch));
    if (running?.isStopping === true) await running.ended;
    const node = this.#nodes.get(keyText(launch)) ?? (await this.#forkInTurn(launch));
    if (node.launch.host !== launch.host || node.launch.port !== launch.port) {
      throw startError(launch, `it runs already, on ${node.launch.host}:${node.launch.port}`);
    }
    await node.served;
    return node.describe();
  }

  async stop(key: NodeKey, graceMs: number): Promise<void> {
    this.#waiting.delete(keyText(key));
    await this.#nodes.get(keyText(key))?.stop(graceMs);
  }

  async kill(key: NodeKey): Promise<void> {
    this.#waiting.delete(keyText(key));
    await this.#nodes.get(keyText(key))?.kill();
  }

  /** Starts nothing more; resolves when all nodes have ended. */
  async shutDown(graceMs: number): Promise<void> {
    this.#isShuttingDown = true;
    this.#waiting.clear();
    await Promise.all([...this.#nodes.values()].map((node) => node.stop(graceMs)));
  }

  #forkInTurn(launch: NodeLaunch): Promise<NodeChild> {
    const name = keyText(launch);
    const known = this.#waiting.get(name);
    if (known !== undefined) return known;
    const forked = this.#turns.take().then((endTurn) => {
      // A stop takes the start out of the waiting ones.
      const isWanted = this.#waiting.get(name) === forked;
      if (isWanted) this.#waiting.delete(name);
      try {
        if (!isWanted) throw startError(launch, 'stopped: it had not begun');
        const node = this.#fork(launch);
        node.served.then(endTurn, endTurn);
        return node;
      } catch (error) {
        endTurn();
        throw error;
      }
    });
    this.#waiting.set(name, forked);
    return forked;
  }

  #fork(launch: NodeLaunch): NodeChild {
    if (this.#isShuttingDown) throw startError(launch, 'the host of local nodes is shutting down');
    if (this.#nodes.size >= NODES_MAX) throw startError(launch, `one host runs at most ${NODES_MAX} nodes`);
    const logFile = join(this.#parts.nodeLogs, `${launch.clusterId}-${launch.nodeId}.log`);
    const worker = forkWorker(launch);
    const node = new NodeChild({
      worker,
      launch,
      logFile,
      startBoundMs: START_BOUND_MS,
      onEnd: (ended) => this.#onEnd(ended),
    });
    this.#nodes.set(keyText(launch), node);
    this.#parts.roll.enter(node.pid);
    this.#parts.log(`Forked node ${keyText(launch)}, pid ${node.pid}, for ${launch.host}:${launch.port}`);
    return node;
  }

  #onEnd(node: NodeChild): void {
    const { clusterId, nodeId } = node.launch;
    this.#nodes.delete(keyText(node.launch));
    this.#parts.roll.leave(node.pid);
    this.#parts.log(`Node ${keyText(node.launch)}, pid ${node.pid}: ${node.reason}`);
    // A start that failed is told to whoever asked for it.
    if (node.hasServed) this.#parts.onExit({ kind: 'exited', key: { clusterId, nodeId }, reason: node.reason });
  }
}

/** A machine without room for another process says so here. */
function forkWorker(launch: NodeLaunch): ReturnType<typeof cluster.fork> {
  try {
    return cluster.fork();
  } catch (error) {
    throw startError(launch, (error as Error).message);
  }
}

function startError(launch: NodeLaunch, reason: string): DriverError {
  return new DriverError(DriverErrorCode.START_FAILED, `Cannot start node ${keyText(launch)}: ${reason}`);
}
