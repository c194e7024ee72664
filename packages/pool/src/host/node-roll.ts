/**
 * `host.nodes`: the processes that a host has started and that have not ended, for whoever comes after a host that was killed.
 *
 * A node ends by itself when its host dies, but not one that is stopped (SIGSTOP) or hangs: it would keep its port. So the
 * next host, or a driver that shuts down, ends what is left on the roll before anything is started anew.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { identityOf, isGoneWithin, isIdentity, killProcess, type ProcessIdentity } from './process-identity.js';

const OWNER_ONLY = 0o600;
/** For a node to notice by itself that its host has gone. */
const LEAVE_BOUND_MS = 300;
const KILL_BOUND_MS = 5000;

export class NodeRoll {
  readonly #path: string;
  readonly #running = new Map<number, ProcessIdentity>();

  constructor(path: string) {
    this.#path = path;
  }

  enter(pid: number): void {
    this.#running.set(pid, identityOf(pid));
    this.#save();
  }

  leave(pid: number): void {
    if (this.#running.delete(pid)) this.#save();
  }

  /** A roll that cannot be written costs convenience after a crash; the nodes serve all the same. */
  #save(): void {
    try {
      const draft = `${this.#path}.new`;
      writeFileSync(draft, JSON.stringify([...this.#running.values()]), { mode: OWNER_ONLY });
      renameSync(draft, this.#path);
    } catch {
      // The folder is gone or full, which the host finds out by itself.
    }
  }
}

/** Ends the nodes on the roll of a host that has gone; resolves when all of them are. */
export async function endAbandonedNodes(path: string): Promise<void> {
  await Promise.all(
    readRoll(path).map(async (node) => {
      if (await isGoneWithin(node, LEAVE_BOUND_MS)) return;
      killProcess(node);
      await isGoneWithin(node, KILL_BOUND_MS);
    }),
  );
}

function readRoll(path: string): ProcessIdentity[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(value) ? value.filter(isIdentity) : [];
  } catch {
    return [];
  }
}
