// When each client learned of each change of the story: the quantiles, and the moments themselves for what follows from them.
//
// A change is known with the last version that it led to. Used by fleet.ts. Bounds: eight bytes a client and change.
import type { ChangeReport } from './course-of-events.js';
import type { ChangeName } from './story.js';

export interface Learned {
  readonly name: ChangeName;
  /** From the change itself until a client knows all of it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** Clients that never did while the story lasted. */
  readonly missing: number;
}

export class LearningWatch {
  readonly #changes: readonly ChangeReport[];
  readonly #afterMs: readonly Float64Array[];

  constructor(changes: readonly ChangeReport[], clients: number) {
    this.#changes = changes;
    this.#afterMs = changes.map(() => new Float64Array(clients).fill(Number.NaN));
  }

  learn(client: number, { before, now, atMs }: { before: number; now: number; atMs: number }): void {
    for (const [index, change] of this.#changes.entries()) {
      if (before < change.lastVersion && now >= change.lastVersion) this.#afterMs[index][client] = atMs - change.atMs;
    }
  }

  report(): readonly Learned[] {
    return this.#changes.map(({ name }) => {
      const known = this.afterMs(name);
      const at = (share: number) => known[Math.min(known.length - 1, Math.floor(share * known.length))];
      const missing = this.#afterMs[0].length - known.length;
      return { name, p50Ms: at(0.5), p99Ms: at(0.99), lastMs: at(1), missing };
    });
  }

  /** In rising order, of those who learned it. */
  afterMs(name: ChangeName): Float64Array {
    const index = this.#changes.findIndex((change) => change.name === name);
    return this.#afterMs[index].filter((ms) => !Number.isNaN(ms)).sort();
  }
}
