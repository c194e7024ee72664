/**
 * `config get|delete` in text, and the binary Config opcodes 0x60 to 0x68 but Set: discovery.
 *
 * Called by commands/admin.ts; `config set` has a body and is in config-upload.ts. The reply of a get is written
 * whole, so it leaves in one send: clients break on a second segment (reference/elasticache.md §1.4). A binary hit
 * always carries 4 bytes of flags, because clients strip as many without looking. A managed node lets only its pool
 * change configurations, and only in text, because a binary frame has no place for the secret.
 */
import {
  BINARY_CONFIG_MANAGED,
  BinaryStatus,
  Dialect,
  Op,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeBinaryHeader,
  writeBinaryHitHead,
  writeConfig,
  writeStatus,
} from '@shoal/protocol';
import { ServerCounter } from '../server-counters.js';
import type { ConnectionInfo, WorkerContext } from '../worker-context.js';

/** An empty key of a binary get means the one that clients ask for. */
const DEFAULT_KEY = Buffer.from('cluster');

/** Appends the reply to a CONFIG_* request other than CONFIG_SET. */
export function serveConfig(worker: WorkerContext, connection: ConnectionInfo): void {
  const isBinary = worker.request.dialect === Dialect.BINARY;
  switch (worker.request.op) {
    case Op.CONFIG_DELETE:
      if (!mayChangeConfig(worker)) refuseChange(worker);
      else if (isBinary) deleteBinary(worker);
      else deleteText(worker);
      break;
    case Op.CONFIG_LIST:
      listBinary(worker);
      break;
    default:
      worker.counters[ServerCounter.CMD_CONFIG_GET]++;
      if (isBinary) getBinary(worker, connection);
      else getText(worker, connection);
  }
}

/** Has worker.configs show the list as this connection's clients see it; false while there is none. */
export function loadClusterList({ configs, connections }: WorkerContext, connection: ConnectionInfo): boolean {
  return configs.loadCluster(connections.listenerPort(connection.row));
}

/** Anybody may on a node of its own; on a managed one, who names its secret in the line. */
export function mayChangeConfig({ configs, input, request }: WorkerContext): boolean {
  if (!configs.isManaged) return true;
  return request.dialect !== Dialect.BINARY && configs.admits(input, request.secretStart, request.secretEnd);
}

/** Answers who may not. */
export function refuseChange({ output, request }: WorkerContext): void {
  if (request.dialect === Dialect.BINARY) {
    const { opcode, opaque } = request;
    writeBinaryError(output, opcode, BinaryStatus.AUTH_ERROR, opaque, 0, 0, BINARY_CONFIG_MANAGED);
  } else if (!request.noreply) {
    writeStatus(output, Status.CONFIG_MANAGED);
  }
}

function getText(worker: WorkerContext, connection: ConnectionInfo): void {
  const { configs, connections, output } = worker;
  const key = keyOf(worker);
  if (configs.loadFor(connections.listenerPort(connection.row), key)) {
    writeConfig(output, key, configs.flags, configs.value.subarray(0, configs.valueBytes));
  } else {
    writeStatus(output, Status.END);
  }
}

function deleteText(worker: WorkerContext): void {
  const { configs, input, output, request } = worker;
  const wasThere = configs.delete(input, request.keyStart, request.keyEnd);
  if (!request.noreply) writeStatus(output, wasThere ? Status.DELETED : Status.NOT_FOUND);
}

/** A quiet get says nothing about a miss. */
function getBinary(worker: WorkerContext, connection: ConnectionInfo): void {
  const { configs, connections, output, request } = worker;
  const { opcode, opaque } = request;
  const key = keyOf(worker);
  if (!configs.loadFor(connections.listenerPort(connection.row), key)) {
    if (!request.noreply) writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
    return;
  }
  const { flags, valueBytes, casLow, casHigh } = configs;
  const keyBytes = request.op === Op.CONFIG_GETK ? key.length : 0;
  writeBinaryHitHead(output, opcode, opaque, flags, keyBytes, valueBytes, casLow, casHigh);
  output.ensure(keyBytes + valueBytes);
  output.copy(key, 0, keyBytes);
  output.copy(configs.value, 0, valueBytes);
}

function deleteBinary(worker: WorkerContext): void {
  const { configs, output, request } = worker;
  const { opcode, opaque } = request;
  const key = keyOf(worker);
  if (!configs.delete(key, 0, key.length)) {
    writeBinaryError(output, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
  } else if (!request.noreply) {
    writeBinaryEmpty(output, opcode, opaque, 0, 0);
  }
}

/** The names of all configurations, a response each, and an empty one at the end, as Stat does. */
function listBinary(worker: WorkerContext): void {
  const { configs, output, request } = worker;
  for (const key of configs.keys()) {
    writeBinaryHeader(output, request.opcode, BinaryStatus.SUCCESS, key.length, 0, key.length, request.opaque, 0, 0);
    output.copy(key, 0, key.length);
  }
  writeBinaryEmpty(output, request.opcode, request.opaque, 0, 0);
}

function keyOf(worker: WorkerContext): Uint8Array {
  const { input, request } = worker;
  return request.keyEnd === request.keyStart ? DEFAULT_KEY : input.slice(request.keyStart, request.keyEnd);
}
