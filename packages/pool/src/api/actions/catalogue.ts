/**
 * Every action by its name, and the way to run one: `runAction` is what a server of any form calls.
 *
 * What comes out is a result, or a PoolError. Trouble with the registry is ServiceUnavailable, since the same request may
 * work later; anything else that was not foreseen is passed on as it is, for the server to log.
 */
import { RegistryError } from '../../registry/registry.js';
import { PoolError, PoolErrorCode } from '../errors.js';
import type { Action, ActionContext } from './action.js';
import { CLUSTER_ACTIONS } from './clusters.js';
import { DAEMON_ACTIONS } from './daemon.js';
import { NODE_ACTIONS } from './nodes.js';

const ACTIONS: ReadonlyMap<string, Action> = new Map([...CLUSTER_ACTIONS, ...NODE_ACTIONS, ...DAEMON_ACTIONS]);

const SHOWN_CHARACTERS_MAX = 60;

export async function runAction(name: string, parameters: unknown, context: ActionContext): Promise<object> {
  const action = ACTIONS.get(name);
  if (action === undefined) {
    const known = [...ACTIONS.keys()].join(', ');
    const shown = name.slice(0, SHOWN_CHARACTERS_MAX);
    throw new PoolError(PoolErrorCode.UNKNOWN_ACTION, `There is no action "${shown}"; there are ${known}`);
  }
  return withRegistryTrouble(() => action(parameters, context));
}

/** Tells trouble with the registry as what it is to somebody who asks: a service that is not there just now. */
export async function withRegistryTrouble<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new PoolError(PoolErrorCode.UNAVAILABLE, error.message, { cause: error });
  }
}
