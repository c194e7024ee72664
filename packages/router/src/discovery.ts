/**
 * Discovery, answered by the router itself: `config get cluster`, the binary Config Get, and the legacy key.
 *
 * Called by request-dispatch.ts and get-line.ts. Clients of a listener with a list of its own get that one. The CAS of a
 * reply is the version of the list. A reply is one write (reference/elasticache.md §1.4).
 */
import {
  BinaryStatus,
  CONFIG_KEY,
  Dialect,
  LEGACY_CONFIG_KEY,
  Op,
  type Request,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeBinaryHeader,
  writeBinaryHitHead,
  writeConfig,
  writeStatus,
} from '@shoal/protocol';
import type { Asker } from './asker.js';
import { writeBytes } from './forwarding.js';

const CLUSTER = Buffer.from(CONFIG_KEY);
const LEGACY = Buffer.from(LEGACY_CONFIG_KEY);

/** config get, and 0x60 to 0x63. An empty binary key means the cluster. */
export function sayConfig(session: Asker, input: Buffer, request: Request): void {
  const { answer, routes } = session.table;
  const key =
    request.keyEnd === request.keyStart ? CLUSTER : Buffer.from(input.subarray(request.keyStart, request.keyEnd));
  const payload = payloadOf(session, key);
  answer.at = 0;
  if (request.dialect !== Dialect.BINARY) {
    if (payload === null) writeStatus(answer, Status.END);
    else writeConfig(answer, key, 0, payload);
  } else if (payload !== null) {
    const shownKey = request.op === Op.CONFIG_GETK ? key : Buffer.alloc(0);
    const { opcode, opaque } = request;
    writeBinaryHitHead(answer, opcode, opaque, 0, shownKey.length, payload.length, routes.version, 0);
    writeBytes(answer, shownKey, 0, shownKey.length);
    writeBytes(answer, payload, 0, payload.length);
  } else if (!request.noreply) {
    writeBinaryError(answer, request.opcode, BinaryStatus.KEY_NOT_FOUND, request.opaque, 0, 0);
  }
  session.sayAnswer();
}

/** The list under its own name is that of the session's listener; `cluster:PORT` names another listener's. */
function payloadOf(session: Asker, key: Buffer): Buffer | null {
  const { routes } = session.table;
  if (key.equals(CLUSTER)) return routes.payloadFor(session.listenerPort);
  const port = /^cluster:(\d{1,5})$/.exec(key.toString('latin1'))?.[1];
  return port === undefined ? null : routes.listenerPayload(Number(port));
}

/** 0x68: the names of the configurations, and an empty one. */
export function listConfigs(session: Asker, { opcode, opaque }: Request): void {
  const { answer, routes } = session.table;
  answer.at = 0;
  for (const name of routes.configNames()) {
    writeBinaryHeader(answer, opcode, BinaryStatus.SUCCESS, name.length, 0, name.length, opaque, 0, 0);
    answer.text(name);
  }
  writeBinaryEmpty(answer, opcode, opaque, 0, 0);
  session.sayAnswer();
}

export function isLegacyKey(input: Uint8Array, start: number, end: number): boolean {
  if (end - start !== LEGACY.length) return false;
  for (let i = 0; i < LEGACY.length; i++) if (input[start + i] !== LEGACY[i]) return false;
  return true;
}

/** A get of nothing but the legacy key. False: there is no list, so it is a key like any other. */
export function sayLegacyItem(session: Asker, request: Request): boolean {
  const { answer, routes } = session.table;
  const payload = routes.payloadFor(session.listenerPort);
  if (payload === null) return false;
  answer.at = 0;
  if (request.dialect === Dialect.BINARY) {
    const keyBytes = request.op === Op.GETK || request.op === Op.GATK ? LEGACY.length : 0;
    const { opcode, opaque } = request;
    writeBinaryHitHead(answer, opcode, opaque, 0, keyBytes, payload.length, routes.version, 0);
    writeBytes(answer, LEGACY, 0, keyBytes);
    writeBytes(answer, payload, 0, payload.length);
  } else {
    writeLegacyValue(session, request.op);
    writeStatus(answer, Status.END);
  }
  session.sayAnswer();
  return true;
}

/** The legacy key as one of the values of a text get, in table.answer; nothing without a list. */
export function writeLegacyValue(session: Asker, op: number): void {
  const { answer, routes } = session.table;
  const payload = routes.payloadFor(session.listenerPort);
  if (payload === null) return;
  const cas = op === Op.GETS || op === Op.GATS ? ` ${routes.version}` : '';
  answer.text(`VALUE ${LEGACY_CONFIG_KEY} 0 ${payload.length}${cas}\r\n`);
  writeBytes(answer, payload, 0, payload.length);
  answer.text('\r\n');
}
