/**
 * `lru_crawler`: crawls that free dead items, dumps of all keys, and the crawler's settings.
 *
 * Called by commands/admin.ts. A crawl is a request in the arena that the maintenance thread finds; a dump is an
 * outbox that the maintenance thread fills (key-dump.ts) while the connection waits. Answers and their order are
 * those of proto_text.c, process_lru_crawler_command; a dump does not keep a crawl from running nor the other way.
 */
import { Status, writeStatus } from '@shoal/protocol';
import { Tuning } from '@shoal/store';
import { DumpSubject } from '../key-dump.js';
import { ServerCounter } from '../server-counters.js';
import type { ConnectionInfo, WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

const CLASS_MAX = 63;
const ALL_CLASSES = 0xffff_ffff_ffff_fffen;
const SLEEP_US_MAX = 1_000_000;

/** The class list of a command: a mask, `hash` for a walk over the table, or null for what is no class. */
type Classes = bigint | 'hash' | null;

/** Answers a Status; NONE once a dump feeds the connection. */
export function controlCrawler(worker: WorkerContext, connection: ConnectionInfo, words: Words): number {
  if (words.count === 3) {
    if (words.isShortFor(1, 'crawl')) return crawl(worker, words);
    if (words.isShortFor(1, 'metadump')) return dump(worker, connection, DumpSubject.METADATA, words);
    if (words.isShortFor(1, 'mgdump')) return dump(worker, connection, DumpSubject.META_GETS, words);
    if (words.isShortFor(1, 'tocrawl')) return setItemsMax(worker, words);
    if (words.isShortFor(1, 'sleep')) return setSleep(worker, words);
  }
  if (words.count === 2) {
    if (words.isShortFor(1, 'enable')) return enable(worker);
    if (words.isShortFor(1, 'disable')) return disable(worker);
  }
  return Status.ERROR;
}

function isEnabled(worker: WorkerContext): boolean {
  return worker.store.tuning(Tuning.CRAWLER_ENABLED) !== 0;
}

function crawl(worker: WorkerContext, words: Words): number {
  if (!isEnabled(worker)) return Status.CRAWLER_DISABLED;
  const classes = parseClasses(words.text(2));
  if (classes === null) return Status.CRAWLER_BAD_CLASS;
  // Only dumps walk the table as it lies.
  if (classes === 'hash') return Status.CRAWLER_ERROR;
  if (classes === 0n) return Status.CRAWLER_NOT_STARTED;
  const low = Number(BigInt.asIntN(32, classes));
  const high = Number(BigInt.asIntN(32, classes >> 32n));
  if (!worker.store.crawl(low, high)) return Status.CRAWLER_BUSY;
  worker.host.wakeMaintenance();
  return Status.OK;
}

function dump(worker: WorkerContext, connection: ConnectionInfo, subject: DumpSubject, words: Words): number {
  const isMetadata = subject === DumpSubject.METADATA;
  if (!isEnabled(worker)) return Status.CRAWLER_DISABLED;
  if (!worker.settings.options.dumping) return isMetadata ? Status.METADUMP_NOT_ALLOWED : Status.MGDUMP_NOT_ALLOWED;
  if (worker.output.waiting !== 0) return isMetadata ? Status.METADUMP_PIPELINED : Status.MGDUMP_PIPELINED;
  const classes = parseClasses(words.text(2));
  if (classes === null) return Status.CRAWLER_BAD_CLASS;
  if (classes === 0n) return Status.CRAWLER_NOT_STARTED;
  return startDump(worker, connection, subject, classes === 'hash' ? ALL_CLASSES : classes);
}

function startDump(worker: WorkerContext, connection: ConnectionInfo, subject: DumpSubject, classes: bigint): number {
  const { outboxes, output } = worker;
  const slot = outboxes.claimDump(worker.id, { subject, classes });
  if (slot < 0) return Status.CRAWLER_BUSY;
  connection.outbox = slot;
  worker.counters[ServerCounter.KEY_DUMPS]++;
  writeStatus(output, Status.OK);
  worker.host.wakeMaintenance();
  return Status.NONE;
}

/** `all`, `hash`, or class numbers with commas between them. */
function parseClasses(text: string): Classes {
  if (text === 'all') return ALL_CLASSES;
  if (text === 'hash') return 'hash';
  let classes = 0n;
  for (const part of text.split(',').filter((piece) => piece !== '')) {
    const id = /^\d{1,10}$/.test(part) ? Number(part) : 0;
    if (id < 1 || id > CLASS_MAX) return null;
    classes |= 1n << BigInt(id);
  }
  return classes;
}

function setItemsMax(worker: WorkerContext, words: Words): number {
  const items = words.uint32(2);
  if (items === null) return Status.BAD_FORMAT;
  worker.store.setTuning(Tuning.CRAWLER_ITEMS_MAX, items);
  return Status.OK;
}

function setSleep(worker: WorkerContext, words: Words): number {
  const microseconds = words.uint32(2);
  if (microseconds === null) return Status.BAD_FORMAT;
  if (microseconds > SLEEP_US_MAX) return Status.CRAWLER_SLEEP;
  worker.store.setTuning(Tuning.CRAWLER_SLEEP_US, microseconds);
  return Status.OK;
}

/** memcached starts a thread here, which fails if there is one. */
function enable(worker: WorkerContext): number {
  if (isEnabled(worker)) return Status.CRAWLER_START_FAILED;
  worker.store.setTuning(Tuning.CRAWLER_ENABLED, 1);
  return Status.OK;
}

function disable(worker: WorkerContext): number {
  worker.store.setTuning(Tuning.CRAWLER_ENABLED, 0);
  return Status.OK;
}
