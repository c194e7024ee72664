/**
 * `stats` without a word: the process, its connections, commands, memory and queues, in memcached's order.
 *
 * 93 fields by default; some stand there only when their part is switched on. Counts are sums over all threads
 * since the start or the last `stats reset`. cmd_get and cmd_touch are hits plus misses, as every one of them is
 * exactly one of the two. Fields of what Shoal does not have are listed in docs/protocol.md.
 */
import { VERSION } from '@shoal/protocol';
import { ClassCounter, QueueCounter, StoreCounter, Tuning } from '@shoal/store';
import { INPUT_BYTES } from '../input-memory.js';
import { DUMP_SLOT, OutboxState } from '../outbox.js';
import { ServerCounter } from '../server-counters.js';
import type { WorkerContext } from '../worker-context.js';
import type { StatReport } from './report.js';

/** What memcached of this version is usually linked with; clients only look whether the field is there. */
const LIBEVENT_VERSION = '2.1.12-stable';
/** Relative time begins a minute before the start (clock.ts), as in memcached. */
const FIRST_MINUTE_SECONDS = 60;
/** memcached keeps five descriptors a thread for itself. */
const RESERVED_FDS_PER_THREAD = 5;

export function reportGeneral(worker: WorkerContext, report: StatReport): void {
  reportProcess(worker, report);
  reportConnectionCounts(worker, report);
  reportCommands(worker, report);
  reportTraffic(worker, report);
  reportPageMover(worker, report);
  reportBackground(worker, report);
  reportLog(worker, report);
  reportConfigs(worker, report);
  reportItems(worker, report);
  reportQueues(worker, report);
}

function reportProcess(worker: WorkerContext, report: StatReport): void {
  const { settings, store } = worker;
  const usage = process.resourceUsage();
  report.stat('pid', process.pid);
  report.stat('uptime', store.now() - FIRST_MINUTE_SECONDS);
  report.stat('time', settings.startUnixSeconds + store.now());
  report.stat('version', VERSION);
  report.stat('libevent', LIBEVENT_VERSION);
  report.stat('pointer_size', 64);
  report.stat('rusage_user', secondsOf(usage.userCPUTime));
  report.stat('rusage_system', secondsOf(usage.systemCPUTime));
}

function secondsOf(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1e6);
  return `${seconds}.${String(microseconds - seconds * 1e6).padStart(6, '0')}`;
}

function reportConnectionCounts(worker: WorkerContext, report: StatReport): void {
  const { connections, settings, totals } = worker;
  const { options } = settings;
  const bufferBytes = options.threads * INPUT_BYTES;
  report.stat('max_connections', options.maxConnections);
  report.stat('curr_connections', connections.used() - 1);
  report.stat('total_connections', totals.total(ServerCounter.TOTAL_CONNECTIONS));
  if (options.maxConnectionsFast) {
    report.stat('rejected_connections', totals.total(ServerCounter.REJECTED_CONNECTIONS));
  }
  report.stat('connection_structures', connections.structures());
  report.stat('response_obj_oom', 0);
  report.stat('response_obj_count', 0);
  report.stat('response_obj_bytes', 0);
  report.stat('read_buf_count', options.threads);
  report.stat('read_buf_bytes', bufferBytes);
  report.stat('read_buf_bytes_free', 0);
  report.stat('read_buf_oom', totals.total(ServerCounter.READ_BUF_OOM));
  report.stat('reserved_fds', RESERVED_FDS_PER_THREAD * options.threads);
}

function reportCommands(worker: WorkerContext, report: StatReport): void {
  const { totals } = worker;
  const { statistics } = worker.store;
  const counter = (name: string, index: ServerCounter) => report.stat(name, totals.total(index));
  const byClass = (name: string, index: ClassCounter) => report.stat(name, statistics.classTotal(index));
  const { getHits } = statistics;
  report.stat('cmd_get', getHits + totals.total(ServerCounter.GET_MISSES));
  byClass('cmd_set', ClassCounter.CMD_SET);
  counter('cmd_flush', ServerCounter.CMD_FLUSH);
  const touchHits = statistics.classTotal(ClassCounter.TOUCH_HITS);
  report.stat('cmd_touch', touchHits + totals.total(ServerCounter.TOUCH_MISSES));
  counter('cmd_meta', ServerCounter.CMD_META);
  report.stat('get_hits', getHits);
  counter('get_misses', ServerCounter.GET_MISSES);
  counter('get_expired', ServerCounter.GET_EXPIRED);
  counter('get_flushed', ServerCounter.GET_FLUSHED);
  counter('delete_misses', ServerCounter.DELETE_MISSES);
  byClass('delete_hits', ClassCounter.DELETE_HITS);
  counter('incr_misses', ServerCounter.INCR_MISSES);
  byClass('incr_hits', ClassCounter.INCR_HITS);
  counter('decr_misses', ServerCounter.DECR_MISSES);
  byClass('decr_hits', ClassCounter.DECR_HITS);
  counter('cas_misses', ServerCounter.CAS_MISSES);
  byClass('cas_hits', ClassCounter.CAS_HITS);
  byClass('cas_badval', ClassCounter.CAS_BADVAL);
  report.stat('touch_hits', touchHits);
  counter('touch_misses', ServerCounter.TOUCH_MISSES);
  counter('store_too_large', ServerCounter.STORE_TOO_LARGE);
  counter('store_no_memory', ServerCounter.STORE_NO_MEMORY);
  report.stat('auth_cmds', 0);
  report.stat('auth_errors', 0);
}

function reportTraffic(worker: WorkerContext, report: StatReport): void {
  const { settings, store, totals } = worker;
  const { statistics } = store;
  const counter = (name: string, index: ServerCounter) => report.stat(name, totals.total(index));
  if (settings.options.idleTimeoutSeconds > 0) counter('idle_kicks', ServerCounter.IDLE_KICKS);
  counter('bytes_read', ServerCounter.BYTES_READ);
  counter('bytes_written', ServerCounter.BYTES_WRITTEN);
  report.stat('limit_maxbytes', statistics.memoryLimitBytes);
  report.stat('accepting_conns', Number(settings.acceptingConnections));
  counter('listen_disabled_num', ServerCounter.LISTEN_DISABLED_NUM);
  counter('time_in_listen_disabled_us', ServerCounter.TIME_IN_LISTEN_DISABLED_US);
  report.stat('threads', settings.options.threads);
  counter('conn_yields', ServerCounter.CONN_YIELDS);
  report.stat('hash_power_level', statistics.hashPower);
  report.stat('hash_bytes', statistics.hashBytes);
  report.stat('hash_is_expanding', Number(statistics.isHashExpanding));
}

function reportPageMover(worker: WorkerContext, report: StatReport): void {
  if (!worker.settings.options.slabReassign) return;
  const { statistics } = worker.store;
  const counter = (name: string, index: StoreCounter) => report.stat(name, statistics.counter(index));
  counter('slab_reassign_rescues', StoreCounter.REASSIGN_RESCUES);
  counter('slab_reassign_chunk_rescues', StoreCounter.REASSIGN_CHUNK_RESCUES);
  counter('slab_reassign_inline_reclaim', StoreCounter.REASSIGN_INLINE_RECLAIMS);
  counter('slab_reassign_busy_items', StoreCounter.REASSIGN_BUSY_ITEMS);
  counter('slab_reassign_busy_deletes', StoreCounter.REASSIGN_BUSY_DELETES);
  counter('slab_reassign_busy_nomem', StoreCounter.REASSIGN_BUSY_NO_MEMORY);
  report.stat('slab_reassign_last_busy_status', 'none');
  report.stat('slab_reassign_running', Number(statistics.isMovingPage));
  counter('slabs_moved', StoreCounter.SLABS_MOVED);
}

function reportBackground(worker: WorkerContext, report: StatReport): void {
  const { outboxes, settings, store, totals } = worker;
  const { statistics } = store;
  if (store.tuning(Tuning.CRAWLER_ENABLED) !== 0) {
    const isDumping = outboxes.stateOf(DUMP_SLOT) === OutboxState.OPEN;
    const starts = statistics.counter(StoreCounter.CRAWLER_STARTS) + totals.total(ServerCounter.KEY_DUMPS);
    report.stat('lru_crawler_running', Number(statistics.isCrawling || isDumping));
    report.stat('lru_crawler_starts', starts);
  }
  if (settings.options.lruMaintainer) {
    report.stat('lru_maintainer_juggles', statistics.counter(StoreCounter.MAINTAINER_JUGGLES));
  }
  report.stat('malloc_fails', 0);
}

function reportLog(worker: WorkerContext, report: StatReport): void {
  const { outboxes, totals } = worker;
  report.stat('log_worker_dropped', totals.total(ServerCounter.LOG_WORKER_DROPPED));
  report.stat('log_worker_written', totals.total(ServerCounter.LOG_WORKER_WRITTEN));
  report.stat('log_watcher_skipped', totals.total(ServerCounter.LOG_WATCHER_SKIPPED));
  report.stat('log_watcher_sent', totals.total(ServerCounter.LOG_WATCHER_SENT));
  report.stat('log_watchers', outboxes.watchers());
  report.stat('unexpected_napi_ids', 0);
  report.stat('round_robin_fallback', 0);
}

/** Discovery; not there on a node that never got a configuration, whose fields are memcached's alone. */
function reportConfigs(worker: WorkerContext, report: StatReport): void {
  if (!worker.configs.wasEverUsed) return;
  report.stat('cmd_config_get', worker.totals.total(ServerCounter.CMD_CONFIG_GET));
  report.stat('cmd_config_set', worker.totals.total(ServerCounter.CMD_CONFIG_SET));
  report.stat('curr_config', worker.configs.count);
}

function reportItems(worker: WorkerContext, report: StatReport): void {
  const { statistics } = worker.store;
  report.stat('bytes', statistics.itemBytes);
  report.stat('curr_items', statistics.itemCount);
  report.stat('total_items', statistics.counter(StoreCounter.TOTAL_ITEMS));
  report.stat('slab_global_page_pool', statistics.pooledPages);
}

function reportQueues(worker: WorkerContext, report: StatReport): void {
  const { statistics } = worker.store;
  const isMaintained = worker.settings.options.lruMaintainer;
  const counter = (name: string, index: QueueCounter) => report.stat(name, statistics.queueTotal(index));
  counter('expired_unfetched', QueueCounter.EXPIRED_UNFETCHED);
  counter('evicted_unfetched', QueueCounter.EVICTED_UNFETCHED);
  if (isMaintained) counter('evicted_active', QueueCounter.EVICTED_ACTIVE);
  counter('evictions', QueueCounter.EVICTED);
  counter('reclaimed', QueueCounter.RECLAIMED);
  counter('crawler_reclaimed', QueueCounter.CRAWLER_RECLAIMED);
  counter('crawler_items_checked', QueueCounter.CRAWLER_ITEMS_CHECKED);
  counter('lrutail_reflocked', QueueCounter.TAIL_LOCKED);
  if (!isMaintained) return;
  counter('moves_to_cold', QueueCounter.MOVES_TO_COLD);
  counter('moves_to_warm', QueueCounter.MOVES_TO_WARM);
  counter('moves_within_lru', QueueCounter.MOVES_WITHIN_LRU);
  counter('direct_reclaims', QueueCounter.DIRECT_RECLAIMS);
  report.stat('lru_bumps_dropped', 0);
}
