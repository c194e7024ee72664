/**
 * A worker without threads and sockets, for the tests of administrative commands.
 *
 * Everything is real (store, tables, rings) except the link to the main thread, which only notes what was asked of it.
 * Commands are decoded as a session would; data commands are not served: items are put into the store directly.
 */

import { Decoded, Dialect, decode, Op, STATUS_LINES } from '@shoal/protocol';
import { createArena, PAGE_BYTES, Store } from '@shoal/store';
import { ActivityLog, type ActivityShared, shareActivity } from '../activity-log.js';
import { runAdmin } from '../commands/admin.js';
import { ConfigTable, shareConfigs } from '../config-table.js';
import { beginConfigSet } from '../config-upload.js';
import { ConnectionTable, Family, shareConnectionTable } from '../connection-table.js';
import { openMemory } from '../make-context.js';
import type { HostLink } from '../messages.js';
import { SERVER_OPTION_DEFAULTS, type ServerOptions } from '../options.js';
import { Outboxes, type OutboxesShared, shareOutboxes } from '../outbox.js';
import { PrefixTable, sharePrefixes } from '../prefix-table.js';
import { ServerCounters, shareCounters } from '../server-counters.js';
import { Settings, shareSettings, TransportName } from '../settings.js';
import { CloseReason, type ConnectionInfo, Outcome, type WorkerContext } from '../worker-context.js';

/** One worker, the maintenance thread and the main thread. */
export const ROWS = 3;
export const START_UNIX_SECONDS = 1_700_000_000;
export const NOW = 100;

// Hundreds of workers are made in a run: little address space each keeps the garbage collector calm.
const MEMORY_LIMIT_BYTES = 8 * PAGE_BYTES;
const RESERVE_BYTES = 64 * PAGE_BYTES;
const PREFIXES = sharePrefixes();

export class AdminWorker {
  readonly worker: WorkerContext;
  readonly connection: ConnectionInfo = { id: 1, row: 1, outbox: -1, closeReason: CloseReason.NORMAL };
  readonly hostCalls: string[] = [];
  readonly activityShared: ActivityShared;
  readonly outboxesShared: OutboxesShared;
  /** Of the last command. */
  outcome: number = Outcome.OPEN;

  constructor(asked: ServerOptions = {}) {
    const memoryLimitBytes = Number(asked.memoryLimitBytes ?? MEMORY_LIMIT_BYTES);
    const options = { ...SERVER_OPTION_DEFAULTS, ...asked, memoryLimitBytes };
    const counters = new ServerCounters(shareCounters(ROWS));
    this.activityShared = shareActivity({ rows: ROWS, ringBytes: options.workerLogBufferBytes });
    this.outboxesShared = shareOutboxes({ slotBytes: options.watcherLogBufferBytes });
    this.worker = {
      id: 0,
      ...openMemory(makeStore(options)),
      counters: counters.row(0),
      totals: counters,
      settings: new Settings(
        shareSettings({
          options,
          transport: TransportName.EPOLL,
          startUnixSeconds: START_UNIX_SECONDS,
          shoalVersion: '0.1.0',
        }),
      ),
      activity: new ActivityLog(this.activityShared, 0, counters.row(0)),
      prefixes: new PrefixTable(PREFIXES, options.prefixDelimiter.charCodeAt(0)),
      configs: makeConfigs(options.clusterSecret),
      connections: makeConnections(),
      outboxes: new Outboxes(this.outboxesShared),
      host: this.#makeHost(),
    };
    this.worker.prefixes.clear();
  }

  /** Sends one text command, with a data block behind it if it is a `config set`; answers the output, `unsent` replies first. */
  ask(text: string, unsent = ''): string {
    this.connection.outbox = -1;
    return Buffer.from(this.#run(Dialect.TEXT, Buffer.from(text, 'latin1'), unsent)).toString('latin1');
  }

  /** The same with one binary request. */
  askBinary(frame: BinaryFrame): BinaryResponse[] {
    return responsesOf(this.#run(Dialect.BINARY, encodeFrame(frame)));
  }

  /** What STAT lines answer `text`, by name, in their order. */
  stats(text: string): Map<string, string> {
    const lines = this.ask(`${text}\r\n`).split('\r\n');
    const pairs = lines.filter((line) => line.startsWith('STAT ')).map((line) => line.split(' '));
    return new Map(pairs.map(([, name, ...value]) => [name, value.join(' ')]));
  }

  /** Stores an item; answers its reference. */
  put(key: string, value: string, options: { exptime?: number; flags?: number } = {}): number {
    const { store } = this.worker;
    const bytes = new Uint8Array(Buffer.byteLength(key) + Buffer.byteLength(value) + 16);
    bytes.set(Buffer.from(key));
    bytes.set(Buffer.from(value), key.length);
    const view = new DataView(bytes.buffer);
    const hash = store.hashKey(bytes, view, 0, key.length);
    const { exptime = 0, flags = 0 } = options;
    const ref = store.reserve(bytes, view, 0, key.length, hash, flags, exptime, value.length);
    store.writeValue(ref, 0, bytes, view, key.length, value.length);
    store.lock(hash);
    store.linkLocked(ref, hash);
    store.unlock(hash);
    return ref;
  }

  #run(dialect: number, bytes: Uint8Array, unsent = ''): Uint8Array {
    const { worker } = this;
    worker.input.set(bytes);
    worker.output.clear();
    worker.output.text(unsent);
    const decoded = decode(dialect, worker.input, worker.inputView, 0, bytes.length, worker.request);
    if (decoded === Decoded.ERROR)
      return worker.request.noreply ? new Uint8Array(0) : STATUS_LINES[worker.request.status];
    if (decoded !== Decoded.READY) throw new Error(`Cannot decode ${Buffer.from(bytes)}: ${decoded}`);
    this.outcome = worker.request.op === Op.CONFIG_SET ? this.#upload(bytes) : runAdmin(worker, this.connection);
    const reply = worker.output.slice();
    worker.output.clear();
    return reply;
  }

  #upload(bytes: Uint8Array): number {
    const { worker } = this;
    const upload = beginConfigSet(worker);
    if (upload === null) return Outcome.OPEN;
    upload.take(bytes, worker.request.next, bytes.length);
    return upload.finish(worker);
  }

  #makeHost(): HostLink {
    const note = (call: string) => this.hostCalls.push(call);
    const host = {
      requestShutdown: (isGraceful: boolean) => note(`shutdown ${isGraceful ? 'graceful' : 'now'}`),
      watchersChanged: () => note('watchers changed'),
      wakeMaintenance: () => note('wake maintenance'),
      log: () => note('log'),
    };
    return host as unknown as HostLink;
  }
}

function makeStore(options: typeof SERVER_OPTION_DEFAULTS): Store {
  const arena = createArena({
    rows: ROWS,
    memoryLimitBytes: options.memoryLimitBytes,
    reserveBytes: options.memoryLimitBytes + RESERVE_BYTES,
    segmented: options.lruSegmented,
    trackSizes: options.trackSizes,
    crawler: options.lruCrawler,
    temporaryTtlSeconds: options.temporaryLru ? options.temporaryTtlSeconds : -1,
    slabReassign: options.slabReassign,
    slabAutomove: options.slabAutomove,
  });
  const store = new Store(arena, 0);
  store.clock.set(NOW);
  return store;
}

function makeConfigs(secret: string | null): ConfigTable {
  const configs = new ConfigTable(shareConfigs(secret !== null));
  if (secret !== null) configs.setSecret(secret);
  return configs;
}

/** A listener in row 0, the asker in row 1, another client in row 2. */
function makeConnections(): ConnectionTable {
  const connections = new ConnectionTable(shareConnectionTable({ capacity: 8, unixSocket: null }));
  const local = { family: Family.IPV4, address: '127.0.0.1', port: 11211 };
  connections.openListener(connections.claim(), { descriptor: 3, local, nowSeconds: NOW - 50 });
  for (const port of [4001, 4002]) {
    const peer = { family: Family.IPV4, address: '127.0.0.1', port };
    connections.open(connections.claim(), { worker: 0, descriptor: 4, peer, local, nowSeconds: NOW - 7 });
  }
  return connections;
}

export interface BinaryFrame {
  readonly opcode: number;
  readonly key?: string;
  readonly extras?: readonly number[];
  readonly value?: string;
  readonly cas?: bigint;
}

export interface BinaryResponse {
  readonly opcode: number;
  readonly status: number;
  readonly extras: Buffer;
  readonly key: string;
  readonly value: string;
  readonly opaque: number;
  readonly cas: bigint;
}

const OPAQUE = 0x0badcafe;

function encodeFrame({ opcode, key = '', extras = [], value = '', cas = 0n }: BinaryFrame): Buffer {
  const header = Buffer.alloc(24);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(OPAQUE, 12);
  header.writeBigUInt64BE(cas, 16);
  return Buffer.concat([header, Buffer.from(extras), Buffer.from(key, 'latin1'), Buffer.from(value, 'latin1')]);
}

function responsesOf(bytes: Uint8Array): BinaryResponse[] {
  const responses = [];
  for (let rest = Buffer.from(bytes); rest.length > 0; rest = rest.subarray(24 + rest.readUInt32BE(8))) {
    const keyStart = 24 + rest[4];
    const valueStart = keyStart + rest.readUInt16BE(2);
    if (rest[0] !== 0x81 || rest.readUInt32BE(12) !== OPAQUE) throw new Error(`Cannot read the response: ${rest}`);
    responses.push({
      opcode: rest[1],
      status: rest.readUInt16BE(6),
      extras: rest.subarray(24, keyStart),
      key: rest.subarray(keyStart, valueStart).toString('latin1'),
      value: rest.subarray(valueStart, 24 + rest.readUInt32BE(8)).toString('latin1'),
      opaque: rest.readUInt32BE(12),
      cas: rest.readBigUInt64BE(16),
    });
  }
  return responses;
}
