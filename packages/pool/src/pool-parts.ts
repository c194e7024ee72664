/**
 * What a pool is made of: given by main.ts with the real parts, and by tests with others. Types only.
 */
import type { Driver } from './drivers/driver.js';
import type { EndpointParts } from './endpoint/cluster-endpoint.js';
import type { Health } from './health.js';
import type { Log } from './log.js';
import type { DriverKind } from './model.js';
import type { ResolvedPoolOptions } from './options.js';
import type { PoolClock } from './pool-clock.js';
import type { Publish } from './publisher.js';
import type { Registry } from './registry/registry.js';

export interface PoolParts {
  readonly options: ResolvedPoolOptions;
  readonly daemonId: string;
  readonly registry: Registry;
  /** The drivers that this daemon has, besides the one of registered nodes. */
  readonly drivers: readonly Driver[];
  /** Drivers that may run nodes from before, and are asked at the start; the others are opened when they are needed. */
  readonly adopting: readonly DriverKind[];
  /** A health monitor of its own for each cluster. */
  readonly health: (onChange: () => void) => Health;
  readonly openRouter: EndpointParts['openRouter'];
  readonly publish: Publish;
  /** A port of this address that nobody holds: the one asked for, or any for 0. Rejects with the reason. */
  readonly freePort: (host: string, port: number) => Promise<number>;
  readonly clock: PoolClock;
  readonly log: Log;
}
