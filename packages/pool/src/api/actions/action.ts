/**
 * What an action is: a name of ElastiCache's or of Shoal's own, the check of its parameters, and what it asks of the pool.
 *
 * The unix socket runs them, and ElastiCache's HTTP form will run the same ones. An action throws PoolErrors alone, as far
 * as it knows what went wrong.
 */
import type * as z from 'zod';
import type { PoolRequests } from '../../pool-requests.js';
import { checkedRequest } from '../requests.js';
import type { PoolDescription } from '../results.js';

/** The daemon itself, as far as it can be asked something. */
export interface PoolControl {
  describe(): PoolDescription | Promise<PoolDescription>;
  /** Begins to stop, and returns at once: the answer to who asked is still under way. Null: as on a signal. */
  stop(options: { readonly stopNodes: boolean | null }): void;
}

export interface ActionContext {
  readonly requests: PoolRequests;
  readonly control: PoolControl;
}

export type Action = (parameters: unknown, context: ActionContext) => Promise<object>;

/** An action with its door: nothing reaches `perform` that the schema has not seen. */
export function action<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  perform: (request: z.output<Schema>, context: ActionContext) => Promise<object>,
): readonly [string, Action] {
  return [name, async (parameters, context) => perform(checkedRequest(`run ${name}`, schema, parameters), context)];
}
