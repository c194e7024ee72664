/**
 * The client's diagnostics channel, with OpenTelemetry's attribute names.
 *
 * `tracingChannel('shoal.client.operation')` of node:diagnostics_channel hears `start` when a request is handed to a
 * connection, `asyncEnd` when it is settled, and `error` before that when it failed; all with the same object, so that a
 * subscriber can keep a span in a WeakMap by it. An operation over several nodes is one request a node. Costs two
 * property reads when nobody listens. Keys and values are data and are not told.
 */
import { channel } from 'node:diagnostics_channel';
import { ClientError } from './errors.js';
import { Op, type Request } from './request.js';

export const OPERATION_CHANNEL = 'shoal.client.operation';

export interface OperationAttributes {
  'db.system.name': 'memcached';
  /** The method of Client: `get`, `add`, `getMany`, … */
  'db.operation.name': string;
  'server.address': string;
  'server.port': number;
  /** Number of keys; only where it is more than one, as OpenTelemetry has it. */
  'db.operation.batch.size'?: number;
  /** The code of the ClientError; only when it failed. */
  'error.type'?: string;
}

export interface OperationMessage {
  readonly attributes: OperationAttributes;
  /** performance.now() at the start. */
  readonly startedAtMs: number;
  /** From `asyncEnd` on. */
  durationMs?: number;
  /** From `error` on. */
  error?: Error;
}

const started = channel(`tracing:${OPERATION_CHANNEL}:start`);
const ended = channel(`tracing:${OPERATION_CHANNEL}:asyncEnd`);
const failed = channel(`tracing:${OPERATION_CHANNEL}:error`);

export function isObserved(): boolean {
  return started.hasSubscribers || ended.hasSubscribers || failed.hasSubscribers;
}

/** Tells that it starts, and will tell how it ended. Called before the request is sent to that server. */
export function observe(request: Request, server: { readonly hostname: string; readonly port: number }): void {
  const attributes: OperationAttributes = {
    'db.system.name': 'memcached',
    'db.operation.name': request.name,
    'server.address': server.hostname,
    'server.port': server.port,
  };
  if (request.op === Op.GET_MANY && (request.keys?.length ?? 0) > 1) {
    attributes['db.operation.batch.size'] = request.keys?.length;
  }
  const message: OperationMessage = { attributes, startedAtMs: performance.now() };
  started.publish(message);
  request.promise.then(
    () => end(message),
    (error: Error) => {
      message.error = error;
      attributes['error.type'] = error instanceof ClientError ? error.code : error.name;
      failed.publish(message);
      end(message);
    },
  );
}

function end(message: OperationMessage): void {
  message.durationMs = performance.now() - message.startedAtMs;
  ended.publish(message);
}
