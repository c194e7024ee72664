/**
 * What the threads of a server share, and what each of them makes of it.
 *
 * The main thread makes the parts once (`shareServerParts`) and hands them to workers and to the maintenance thread; all of
 * it is SharedArrayBuffers and plain values. Rows of counters, of the store's counters and of activity rings have one
 * numbering: workers first, then the maintenance thread, the main thread, and the accepting thread of the net transport.
 */
import { type Arena, createArena, type StoreOptions } from '@shoal/store';
import { type ActivityShared, shareActivity } from './activity-log.js';
import { type ConfigsShared, shareConfigs } from './config-table.js';
import { type ConnectionTableShared, shareConnectionTable } from './connection-table.js';
import { type DealingShared, shareDealing } from './dealing.js';
import type { ResolvedServerOptions } from './options.js';
import { type OutboxesShared, shareOutboxes } from './outbox.js';
import { type PrefixesShared, sharePrefixes } from './prefix-table.js';
import { shareCounters } from './server-counters.js';
import { type SettingsShared, shareSettings } from './settings.js';
import { shareWakeups, type WakeupsShared } from './wakeups.js';

export interface ServerParts {
  readonly arena: Arena;
  readonly settings: SettingsShared;
  readonly table: ConnectionTableShared;
  readonly dealing: DealingShared;
  readonly wakeups: WakeupsShared;
  readonly activity: ActivityShared;
  readonly outboxes: OutboxesShared;
  readonly prefixes: PrefixesShared;
  readonly configs: ConfigsShared;
  readonly counters: SharedArrayBuffer;
  readonly slowReaderMs: number;
  /** Whom to wake when a connection is closed while nobody is accepted. */
  readonly acceptor: number;
}

export interface ServerPartsAsked {
  readonly settings: Omit<SettingsShared, 'words'>;
  readonly arena: Arena;
  readonly listeners: number;
  /** Its discovery configurations belong to a pool. */
  readonly isManaged: boolean;
  readonly wakeDescriptors: readonly number[];
  readonly slowReaderMs: number;
  readonly acceptor: number;
}

export function maintenanceRow(threads: number): number {
  return threads;
}

export function mainRow(threads: number): number {
  return threads + 1;
}

export function acceptingRow(threads: number): number {
  return threads + 2;
}

function rowsOf(threads: number): number {
  return threads + 3;
}

export function shareServerParts(asked: ServerPartsAsked): ServerParts {
  const { settings, arena, listeners, wakeDescriptors, slowReaderMs, acceptor } = asked;
  const { options } = settings;
  const rows = rowsOf(options.threads);
  const capacity = listeners + options.maxConnections;
  return {
    arena,
    settings: shareSettings(settings),
    table: shareConnectionTable({ capacity, unixSocket: options.unixSocket }),
    dealing: shareDealing({ workers: options.threads, rows: capacity }),
    wakeups: shareWakeups(wakeDescriptors),
    activity: shareActivity({ rows, ringBytes: options.workerLogBufferBytes }),
    outboxes: shareOutboxes({ slotBytes: options.watcherLogBufferBytes }),
    prefixes: sharePrefixes(),
    configs: shareConfigs(asked.isManaged),
    counters: shareCounters(rows),
    slowReaderMs,
    acceptor,
  };
}

/** The arena that the options describe. Throws a RangeError when there is no memory for it. */
export function makeArena(options: ResolvedServerOptions, hashSeed: number): Arena {
  return createArena(storeOptions(options, hashSeed));
}

function storeOptions(options: ResolvedServerOptions, hashSeed: number): Partial<StoreOptions> {
  return {
    memoryLimitBytes: options.memoryLimitBytes,
    itemSizeMaxBytes: options.itemSizeMaxBytes,
    slabChunkMaxBytes: options.slabChunkMaxBytes,
    growthFactor: options.growthFactor,
    minSizeBytes: options.minSizeBytes,
    hashPower: options.hashPower,
    hashAlgorithm: options.hashAlgorithm === 'jenkins' ? 'jenkins' : 'murmur3',
    casEnabled: options.cas,
    evictions: options.evictions,
    segmented: options.lruSegmented,
    maintainer: options.lruMaintainer,
    hotPercent: options.hotLruPercent,
    warmPercent: options.warmLruPercent,
    hotMaxFactor: options.hotMaxFactor,
    warmMaxFactor: options.warmMaxFactor,
    temporaryTtlSeconds: options.temporaryLru ? options.temporaryTtlSeconds : -1,
    crawler: options.lruCrawler,
    crawlerSleepUs: options.lruCrawlerSleepMicroseconds,
    crawlerItemsMax: options.lruCrawlerToCrawl,
    slabReassign: options.slabReassign,
    slabAutomove: options.slabAutomove,
    slabAutomoveRatio: options.slabAutomoveRatio,
    slabAutomoveWindow: options.slabAutomoveWindow,
    trackSizes: options.trackSizes,
    rows: rowsOf(options.threads),
    hashSeed,
    initialTakenBytes: initialTakenBytes(),
    isWeaklyOrdered: process.arch !== 'x64' && process.arch !== 'ia32',
  };
}

/** memcached's T_MEMD_INITIAL_MALLOC, with which its suite pretends that memory is taken already. */
function initialTakenBytes(): number {
  const bytes = Number(process.env.T_MEMD_INITIAL_MALLOC ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}
