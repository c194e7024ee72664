/**
 * Whether the owner of a cluster is gone for good, so that another daemon may finish the deletion that it does not.
 *
 * Used by the supervisor of the daemon that leads, for clusters of other daemons that are being deleted. An owner is gone
 * when one daemon has looked again and again, for a minute unless told otherwise, and the registry never saw it: long enough for
 * a restart or an upgrade. Should it come back all the same, it stops what it still runs of clusters that there are no more.
 */
import type { PoolClock } from './pool-clock.js';
import { type Registry, RegistryError } from './registry/registry.js';

export const GONE_AFTER_MS = 60_000;
/** Looks until an owner counts as gone, at least. */
const LOOKS = 12;

export class OwnerWatch {
  readonly #registry: Pick<Registry, 'isPresent'>;
  readonly #clock: PoolClock;
  readonly #goneAfterMs: number;
  #absentSinceMs: number | null = null;
  #lookAtMs = 0;

  constructor(registry: Pick<Registry, 'isPresent'>, clock: PoolClock, goneAfterMs: number) {
    this.#registry = registry;
    this.#clock = clock;
    this.#goneAfterMs = goneAfterMs;
  }

  /** Begins anew: somebody else looks, or there is nothing to look for. */
  reset(): void {
    this.#absentSinceMs = null;
    this.#lookAtMs = 0;
  }

  /** When to look again; null: the owner is gone. */
  async lookAgainAtMs(ownerId: string): Promise<number | null> {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#lookAtMs) return this.#lookAtMs;
    this.#absentSinceMs = (await this.#isAbsent(ownerId)) ? (this.#absentSinceMs ?? nowMs) : null;
    if (this.#absentSinceMs !== null && nowMs >= this.#absentSinceMs + this.#goneAfterMs) return null;
    this.#lookAtMs = nowMs + this.#goneAfterMs / LOOKS;
    return this.#lookAtMs;
  }

  /** A registry that does not answer has seen nobody leave. */
  async #isAbsent(ownerId: string): Promise<boolean> {
    try {
      return !(await this.#registry.isPresent(ownerId));
    } catch (error) {
      if (error instanceof RegistryError) return false;
      throw error;
    }
  }
}
