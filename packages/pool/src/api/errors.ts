/**
 * What a request to the pool can be refused with: ElastiCache's error codes, so that the command line, the unix socket
 * and ElastiCache's own HTTP form tell the same story. Thrown by cluster-changes.ts and the actions; made into a reply by
 * api/server.ts. A refused request has changed nothing.
 */
import { CodedError } from '../coded-error.js';

export const PoolErrorCode = {
  ALREADY_EXISTS: 'CacheClusterAlreadyExists',
  NOT_FOUND: 'CacheClusterNotFound',
  NODE_NOT_FOUND: 'CacheNodeNotFound',
  INVALID_STATE: 'InvalidCacheClusterState',
  INVALID_VALUE: 'InvalidParameterValue',
  INVALID_COMBINATION: 'InvalidParameterCombination',
  NODE_QUOTA: 'NodeQuotaForClusterExceeded',
  /** No port, no memory, no engine: the machine cannot. */
  INSUFFICIENT_CAPACITY: 'InsufficientCacheClusterCapacity',
  UNKNOWN_ACTION: 'InvalidAction',
  /** A registering node without the pool's token. */
  NOT_AUTHORIZED: 'NotAuthorized',
  /** The registry cannot be reached; the same request may work later. */
  UNAVAILABLE: 'ServiceUnavailable',
  INTERNAL: 'InternalFailure',
} as const;
export type PoolErrorCode = (typeof PoolErrorCode)[keyof typeof PoolErrorCode];

export class PoolError extends CodedError<PoolErrorCode> {}
