/**
 * A whole pool on a simulated clock: real supervisors, plan and requests over a simulated machine and registry. Endpoints
 * are recorded instead of opened. A second pool over the same machine is the daemon that was started anew.
 */
import type { RoutedTopology, Router, RouterOptions } from '@shoal/router';
import { pino } from 'pino';
import { PoolError, PoolErrorCode } from '../api/errors.js';
import type { ClusterRecord } from '../model.js';
import { resolvePoolOptions } from '../options.js';
import { Pool } from '../pool.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedNodes } from './simulated-nodes.js';
import { SimulatedRegistry } from './simulated-registry.js';

interface SimulatedParts extends Partial<Pick<SimulatedPool, 'clock' | 'nodes' | 'registry'>> {
  /** `registered`: no driver of its own runs anything. */
  readonly driver?: 'process' | 'registered';
  readonly daemonId?: string;
  /** Another daemon leads. */
  readonly follows?: boolean;
}

export class SimulatedPool {
  readonly clock: SimulatedClock;
  readonly nodes: SimulatedNodes;
  readonly registry: SimulatedRegistry;
  readonly pool: Pool;
  /** What the endpoint on each port shows; null before the first list. */
  readonly shown = new Map<number, RoutedTopology | null>();

  constructor({ clock, nodes, registry, follows = false, ...parts }: SimulatedParts = {}) {
    const { driver = 'process', daemonId = 'daemon-1' } = parts;
    this.clock = clock ?? new SimulatedClock();
    this.nodes = nodes ?? new SimulatedNodes(this.clock);
    this.registry = registry ?? new SimulatedRegistry(this.clock);
    this.pool = new Pool({
      options: resolvePoolOptions({ dataDirectory: '/nowhere', drainMs: 2000 }),
      daemonId,
      registry: follows ? this.registry.follower() : this.registry,
      drivers: driver === 'process' ? [this.nodes] : [],
      adopting: driver === 'process' ? ['process'] : [],
      health: this.nodes.health,
      openRouter: (options) => this.#openRouter(options),
      publish: this.nodes.publish,
      freePort: async (_host, port) => {
        if (!this.nodes.strangers.has(port)) return port;
        throw new PoolError(PoolErrorCode.INSUFFICIENT_CAPACITY, `port ${port} is in use`);
      },
      clock: this.clock,
      log: pino({ level: 'silent' }),
    });
  }

  get requests() {
    return this.pool.requests;
  }

  async start(): Promise<this> {
    await this.pool.start();
    return this;
  }

  /** A daemon that is started after this one died without a word. */
  successor(daemonId = 'daemon-1'): SimulatedPool {
    void this.pool.close();
    return new SimulatedPool({ clock: this.clock, nodes: this.nodes, registry: this.registry, daemonId });
  }

  async #openRouter({ listen, topology }: RouterOptions): Promise<Router> {
    const [{ port }] = listen;
    const show = (next: RoutedTopology | null) => {
      this.shown.set(port, next);
    };
    show(topology);
    const close = async () => {
      this.shown.delete(port);
    };
    return { addresses: listen, topology, apply: show, close, destroy: close };
  }
}

export async function recordOf(sim: SimulatedPool, id = 'dev'): Promise<ClusterRecord> {
  return (await sim.requests.describe(id)).cluster;
}

/** The version that each process tells. */
export function versionsOf(sim: SimulatedPool): readonly number[] {
  return [...sim.nodes.processes.values()].map(({ version }) => version);
}
