/**
 * Plays transcripts of data commands through a router in front of real nodes: which ones, and why not the others.
 *
 * Used by shoal-router.test.ts. A case is known by its file and title; what is left out is listed here with its reason.
 */
import { type RouterInFront, startRouterInFront } from '../router/router-in-front.js';
import type { Block, Case, Identity } from './document.js';
import { Player } from './player.js';

/**
 * Folders whose transcripts are about keys. Left out: admin and flags, which are about one node and how it was started;
 * discovery, whose list a router does not take from clients; stats, whose numbers are sums here (router/whole.test.ts).
 */
export const ROUTED_FOLDERS: readonly string[] = ['text/', 'meta/', 'binary/'];

export function reasonToLeaveOut({ directives }: Case): string | null {
  return directives.has('needs debugtime') ? 'the clock that it moves is that of a node' : null;
}

/** One router with its nodes and a player for each set of flags, started when first asked for. */
export class RouterShelf {
  readonly #nodeCount: number;
  readonly #identity: Identity;
  readonly #started = new Map<string, Promise<{ front: RouterInFront; player: Player }>>();

  constructor(nodeCount: number, identity: Identity) {
    this.#nodeCount = nodeCount;
    this.#identity = identity;
  }

  async play(subject: Case, play: (player: Player, block: Block) => Promise<void>): Promise<void> {
    const flags = subject.directives.get('server')?.replaceAll('`', '') ?? '';
    const fresh = subject.directives.has('fresh');
    const key = fresh ? `${flags} ${subject.title}` : flags;
    let started = this.#started.get(key);
    if (started === undefined) {
      started = this.#start(flags);
      this.#started.set(key, started);
    }
    const { player } = await started;
    for (const block of subject.blocks) await play(player, block);
  }

  async stopAll(): Promise<void> {
    for (const started of this.#started.values()) {
      const { front, player } = await started;
      await player.close();
      await front.stop();
    }
  }

  async #start(flags: string): Promise<{ front: RouterInFront; player: Player }> {
    const words = flags.split(' ').filter((word) => word !== '');
    const front = await startRouterInFront(this.#nodeCount, {}, words.includes('-t') ? words : ['-t', '1', ...words]);
    return { front, player: await Player.connect(front.address, this.#identity, { ascii: false }) };
  }
}
