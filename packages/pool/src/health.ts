/**
 * The interface of health checking: whether nodes answer, and which version of the list they answer with.
 */
import type { NodeKey } from './drivers/driver.js';

export interface HealthTarget extends NodeKey {
  readonly host: string;
  readonly port: number;
}

export interface NodeHealth {
  readonly state: 'unknown' | 'healthy' | 'failing';
  /** Probes that failed one after the other; 0 after one that succeeded. */
  readonly failures: number;
  readonly reason: string | null;
  /** What `config get cluster` answered last: a version, 0 for no configuration, null before the first answer. */
  readonly configVersion: number | null;
  readonly lastAnswerAtMs: number | null;
}

export interface Health {
  /** Replaces the whole set of nodes that are probed. Known ones keep their history unless their address changed. */
  watch(targets: readonly HealthTarget[]): void;
  of(key: NodeKey): NodeHealth;
  /** Forgets what is known: the node was just started anew. */
  reset(key: NodeKey): void;
  close(): void;
}
