// The kinds of clients that are simulated: whom each asks for the list, when, and whether trouble makes it ask sooner.
//
// `shoal` is the project's own code. The others are what real clients do, as far as it is known, in a few lines each; where
// they begin their turn of the nodes is not documented, so chance decides. Used by fleet.ts and by the flags.
import { PollCourse, type PollTarget, type PollVerdict, RefreshPace, type ServerAddress } from '@shoal/client';
import type { ClusterConfig } from '@shoal/protocol';

/** What a simulated client decides; PollCourse has this form. */
export interface Course {
  readonly current: ClusterConfig | null;
  targets(): readonly PollTarget[];
  judge(target: PollTarget, answer: ClusterConfig): PollVerdict;
  noteOutcome(isSuccess: boolean): void;
  pauseMs(): number;
}

export type Pace = Pick<RefreshPace, 'isDue' | 'noteEnd'>;

export interface CourseParts {
  readonly endpoints: readonly ServerAddress[];
  readonly intervalMs: number;
  readonly random: () => number;
}

export interface ClientKind {
  readonly id: string;
  readonly title: string;
  newCourse(parts: CourseParts): Course;
  /** Null: trouble with nodes makes it ask no sooner. */
  readonly newPace: (() => Pace) | null;
  /** It asks again while a node that it tries stays dead. */
  readonly asksWhileDown: boolean;
  /** Polls are timed from the beginning of the last one, not from its end. */
  readonly hasFixedRate: boolean;
  /** Between two targets of one poll. */
  readonly betweenTargetsMs: number;
}

/** Takes the endpoint first, then `asked` nodes in turn before it; never further apart than the interval. */
class PlainCourse implements Course {
  current: ClusterConfig | null = null;
  readonly #parts: CourseParts;
  readonly #nodesAsked: number;
  readonly #jitter: number;
  #next: number;
  readonly #endpoint: readonly PollTarget[];

  constructor(parts: CourseParts, options: { nodesAsked: number; jitter: number; beginsAnywhere: boolean }) {
    this.#parts = parts;
    this.#nodesAsked = options.nodesAsked;
    this.#jitter = options.jitter;
    this.#next = options.beginsAnywhere ? Math.floor(parts.random() * 0x10_0000) : 0;
    this.#endpoint = parts.endpoints.map((address) => ({ address, trusted: true }));
  }

  targets(): readonly PollTarget[] {
    const nodes = this.current?.nodes ?? [];
    const asked = Array.from({ length: Math.min(this.#nodesAsked, nodes.length) }, () => {
      const { hostname: host, port } = nodes[this.#next++ % nodes.length];
      return { address: { host, port }, trusted: false };
    });
    return [...asked, ...this.#endpoint];
  }

  judge(_target: PollTarget, answer: ClusterConfig): PollVerdict {
    if (this.current !== null && answer.version <= this.current.version) return 'known';
    this.current = answer;
    return 'news';
  }

  noteOutcome(): void {}

  pauseMs(): number {
    return this.#parts.intervalMs * (1 - this.#jitter + this.#parts.random() * 2 * this.#jitter);
  }
}

/** A tenth of a second, whatever comes of it. */
class EagerPace implements Pace {
  #endedAtMs = Number.NEGATIVE_INFINITY;

  isDue(nowMs: number): boolean {
    return nowMs - this.#endedAtMs >= 100;
  }

  noteEnd(nowMs: number): void {
    this.#endedAtMs = nowMs;
  }
}

export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    id: 'shoal',
    title: "Shoal's client: nodes in turn, sooner after trouble",
    newCourse: (parts) => new PollCourse(parts),
    newPace: () => new RefreshPace(),
    asksWhileDown: true,
    hasFixedRate: false,
    betweenTargetsMs: 0,
  },
  {
    id: 'shoal-idle',
    title: 'the same without requests, so without trouble',
    newCourse: (parts) => new PollCourse(parts),
    newPace: null,
    asksWhileDown: false,
    hasFixedRate: false,
    betweenTargetsMs: 0,
  },
  {
    id: 'eager',
    title: 'nodes in turn from the first, a tenth of jitter, every 0.1 s in trouble',
    newCourse: (parts) => new PlainCourse(parts, { nodesAsked: 2, jitter: 0.1, beginsAnywhere: false }),
    newPace: () => new EagerPace(),
    asksWhileDown: false,
    hasFixedRate: false,
    betweenTargetsMs: 0,
  },
  {
    id: 'nodes',
    title: "as AWS's clients: nodes in turn at a fixed rate",
    newCourse: (parts) => new PlainCourse(parts, { nodesAsked: 2, jitter: 0, beginsAnywhere: true }),
    newPace: null,
    asksWhileDown: false,
    hasFixedRate: true,
    betweenTargetsMs: 500,
  },
  {
    id: 'endpoint',
    title: 'the endpoint at a fixed rate, as most clients on npm and PyPI',
    newCourse: (parts) => new PlainCourse(parts, { nodesAsked: 0, jitter: 0, beginsAnywhere: true }),
    newPace: null,
    asksWhileDown: false,
    hasFixedRate: true,
    betweenTargetsMs: 0,
  },
];
