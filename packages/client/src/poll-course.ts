/**
 * What a client that follows a cluster decides: whom to ask, whether to believe an answer, and when to ask again. No I/O, no
 * clock, and its chance is given, so a simulation of many clients decides as they do.
 *
 * Used by TopologyPoller, one each. A poll asks two nodes of the newest list, in turn, and then every endpoint. In which
 * node the turn begins is chance: clients that were started together would otherwise all ask the first node, then all the
 * second. The first pause is a random part of the interval for the same reason; the later ones differ by a tenth either way.
 */
import type { ClusterConfig, ClusterNode } from '@shoal/protocol';
import type { ServerAddress } from './discovery.js';

export interface PollTarget {
  readonly address: ServerAddress;
  /** An endpoint: its list is believed even if it names nobody who is known. */
  readonly trusted: boolean;
}

/** `stranger`: the list of another cluster; the next target is asked. */
export type PollVerdict = 'news' | 'known' | 'stranger';

export interface PollCourseOptions {
  readonly endpoints: readonly ServerAddress[];
  readonly intervalMs: number;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
}

const RETRY_MIN_MS = 250;
const JITTER = 0.1;
/** The shortest first pause, as a part of the interval. */
const FIRST_PAUSE_LEAST = 0.1;
/** How many of the known nodes a poll asks before it turns to the endpoints. */
const NODES_ASKED_MAX = 2;

export class PollCourse {
  readonly #options: PollCourseOptions;
  #current: ClusterConfig | null = null;
  #nextNode = 0;
  #failures = 0;
  /** No poll that somebody answered has been followed by a pause yet. */
  #isFresh = true;

  constructor(options: PollCourseOptions) {
    this.#options = options;
  }

  /** The newest list so far; null before the first. */
  get current(): ClusterConfig | null {
    return this.#current;
  }

  /** Whom one poll asks, in this order, until one is believed: nodes in turn, then the endpoints; at first only these. */
  targets(): PollTarget[] {
    const nodes = this.#current?.nodes ?? [];
    const asked = Math.min(NODES_ASKED_MAX, nodes.length);
    const targets = Array.from({ length: asked }, () => {
      const { hostname: host, port } = nodes[this.#nextNode++ % nodes.length];
      return { address: { host, port }, trusted: false };
    });
    return [...targets, ...this.#options.endpoints.map((address) => ({ address, trusted: true }))];
  }

  /** Takes what this target answered. A version that is not higher than the current one changes nothing. */
  judge({ trusted }: PollTarget, answer: ClusterConfig): PollVerdict {
    const current = this.#current;
    if (!trusted && !overlaps(current, answer)) return 'stranger';
    if (current !== null && answer.version <= current.version) return 'known';
    if (current === null) this.#nextNode = Math.floor(this.#options.random() * answer.nodes.length);
    this.#current = answer;
    return 'news';
  }

  /** Whether anybody was believed in the poll that has ended. */
  noteOutcome(isSuccess: boolean): void {
    this.#failures = isSuccess ? 0 : this.#failures + 1;
  }

  /** Until the next poll: the interval, or after failures a short while that doubles up to it. Called once a pause. */
  pauseMs(): number {
    const { intervalMs, random } = this.#options;
    if (this.#failures > 0) {
      return jittered(Math.min(intervalMs, RETRY_MIN_MS * 2 ** (this.#failures - 1)), random);
    }
    if (!this.#isFresh) return jittered(intervalMs, random);
    this.#isFresh = false;
    return intervalMs * (FIRST_PAUSE_LEAST + random() * (1 - FIRST_PAUSE_LEAST));
  }
}

function jittered(plainMs: number, random: () => number): number {
  return plainMs * (1 - JITTER + random() * 2 * JITTER);
}

/**
 * A node that left may serve another cluster by now, whose list knows none of our nodes: such a list is believed only
 * from an endpoint. Lists of one cluster nearly always begin with the same node, so that is looked at first.
 */
function overlaps(current: ClusterConfig | null, { nodes }: ClusterConfig): boolean {
  if (current === null) return false;
  if (isSame(current.nodes[0], nodes[0])) return true;
  const known = new Set(current.nodes.map(({ hostname, port }) => `${hostname}:${port}`));
  return nodes.some(({ hostname, port }) => known.has(`${hostname}:${port}`));
}

function isSame(a: ClusterNode, b: ClusterNode): boolean {
  return a.port === b.port && a.hostname === b.hostname;
}
