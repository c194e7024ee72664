/**
 * What is done to a pool in which order: rounds of one fault, or of several close together, all from one seed.
 *
 * Pure; the chaos run carries it out. The first rounds go through every kind of end once, so that a short run has seen them all.
 */
import type { RandomBytes } from '../harness/random-bytes.js';

export const FaultKind = {
  KILL_NODE: 'kill -9 of a node',
  STOP_NODE: 'SIGSTOP of a node',
  KILL_DAEMON: 'kill -9 of the daemon',
  END_DAEMON: 'SIGTERM of the daemon',
  STOP_DAEMON: 'SIGSTOP of the daemon for a while',
  KILL_HOST: 'kill -9 of the host process',
  STOP_HOST: 'SIGSTOP of the host process for a while',
  RESIZE: 'resize',
  REPLACE: 'replacement by request',
  KILL_ETCD: 'kill -9 of etcd',
} as const;
export type FaultKind = (typeof FaultKind)[keyof typeof FaultKind];

export interface Fault {
  readonly kind: FaultKind;
  /** Which node of those that are listed then: a share of one. */
  readonly where: number;
  /** How long a daemon or etcd stays away; what is only stopped, twice as long. */
  readonly awayMs: number;
  readonly afterMs: number;
}

const LOCAL: readonly FaultKind[] = [
  FaultKind.KILL_NODE,
  FaultKind.STOP_NODE,
  FaultKind.KILL_DAEMON,
  FaultKind.KILL_HOST,
  FaultKind.RESIZE,
];
/** Twice in the list: twice as often. */
const OFTEN: readonly FaultKind[] = [
  ...LOCAL,
  FaultKind.KILL_NODE,
  FaultKind.STOP_NODE,
  FaultKind.STOP_DAEMON,
  FaultKind.STOP_HOST,
  FaultKind.END_DAEMON,
  FaultKind.REPLACE,
];
const AWAY_MS_MAX = 2_000;
const WITHIN_A_ROUND_MS = 1_500;
const FAULTS_A_ROUND_MAX = 3;
const FINE = 1_000;

export class Schedule {
  readonly #random: RandomBytes;
  readonly #kinds: readonly FaultKind[];
  readonly #firsts: FaultKind[];

  constructor(random: RandomBytes, { withEtcd }: { readonly withEtcd: boolean }) {
    this.#random = random;
    const etcd = withEtcd ? [FaultKind.KILL_ETCD] : [];
    this.#kinds = [...OFTEN, ...etcd];
    this.#firsts = shuffled([...LOCAL, ...etcd], random);
  }

  /** Endless. */
  next(): readonly Fault[] {
    const first = this.#firsts.shift();
    if (first !== undefined) return [this.#fault(first, 0)];
    const count = this.#random.below(2) === 0 ? 1 : 2 + this.#random.below(FAULTS_A_ROUND_MAX - 1);
    return Array.from({ length: count }, (_, index) =>
      this.#fault(this.#random.oneOf(this.#kinds), index === 0 ? 0 : this.#random.below(WITHIN_A_ROUND_MS)),
    );
  }

  #fault(kind: FaultKind, afterMs: number): Fault {
    return { kind, where: this.#random.below(FINE) / FINE, awayMs: this.#random.below(AWAY_MS_MAX), afterMs };
  }
}

function shuffled<Item>(items: readonly Item[], random: RandomBytes): Item[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]);
}
