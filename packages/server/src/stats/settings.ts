/**
 * `stats settings`: the 79 fields of a full build of memcached 1.6.45, in its order, then Shoal's own two.
 *
 * Values that commands can change come from shared memory, the rest from the options. Fields of what Shoal does
 * not have (flash store, TLS, proxy, UDP, SASL, NAPI) show what memcached shows when it is off: docs/protocol.md.
 */
import { Tuning } from '@shoal/store';
import { shownTemporaryTtl } from '../commands/lru.js';
import { BindingProtocol } from '../settings.js';
import type { WorkerContext } from '../worker-context.js';
import type { StatReport } from './report.js';

export function reportSettings(worker: WorkerContext, report: StatReport): void {
  reportProcess(worker, report);
  reportMemory(worker, report);
  reportLru(worker, report);
  reportBuffers(worker, report);
  for (const [name, value] of ABSENT_PARTS) report.stat(name, value);
  report.stat('client_flags_size', 4);
  report.stat('shoal_version', worker.settings.shoalVersion);
  report.stat('transport', worker.settings.transport);
}

const PROTOCOL_WORDS: Record<number, string> = {
  [BindingProtocol.AUTO]: 'auto-negotiate',
  [BindingProtocol.ASCII]: 'ascii',
  [BindingProtocol.BINARY]: 'binary',
};

function reportProcess(worker: WorkerContext, report: StatReport): void {
  const { settings, store } = worker;
  const { options } = settings;
  report.stat('maxbytes', store.tuning(Tuning.MEMORY_LIMIT_BYTES));
  report.stat('maxconns', options.maxConnections);
  report.stat('tcpport', settings.port || (options.port ?? 0));
  report.stat('udpport', 0);
  report.stat('inter', options.listen.length > 0 ? options.listen.join(',') : 'NULL');
  report.stat('verbosity', settings.verbosity);
  report.stat('oldest', Math.max(0, store.flushTime() - 1));
  report.stat('evictions', options.evictions ? 'on' : 'off');
  report.stat('domain_socket', options.unixSocket ?? 'NULL');
  report.stat('umask', options.unixMask.toString(8));
  report.stat('shutdown_command', options.shutdownCommand);
  report.stat('growth_factor', options.growthFactor.toFixed(2));
  report.stat('chunk_size', options.minSizeBytes);
  report.stat('num_threads', options.threads);
  report.stat('num_threads_per_udp', options.threads);
  report.stat('stat_key_prefix', options.prefixDelimiter);
  report.stat('detail_enabled', settings.detailEnabled);
  report.stat('reqs_per_event', options.requestsPerEvent);
  report.stat('cas_enabled', options.cas);
  report.stat('tcp_backlog', options.backlog);
  report.stat('binding_protocol', PROTOCOL_WORDS[settings.protocol]);
  report.stat('auth_enabled_sasl', false);
  report.stat('auth_enabled_ascii', false);
}

function reportMemory(worker: WorkerContext, report: StatReport): void {
  const { store } = worker;
  const { options } = worker.settings;
  report.stat('item_size_max', options.itemSizeMaxBytes);
  report.stat('maxconns_fast', options.maxConnectionsFast);
  report.stat('hashpower_init', options.hashPower);
  report.stat('slab_reassign', options.slabReassign);
  report.stat('slab_automove', store.tuning(Tuning.AUTOMOVE));
  report.stat('slab_automove_ratio', store.tuning(Tuning.AUTOMOVE_RATIO).toFixed(2));
  report.stat('slab_automove_window', store.tuning(Tuning.AUTOMOVE_WINDOW));
  report.stat('slab_chunk_max', options.slabChunkMaxBytes);
}

function reportLru(worker: WorkerContext, report: StatReport): void {
  const { store } = worker;
  const { options } = worker.settings;
  report.stat('lru_crawler', store.tuning(Tuning.CRAWLER_ENABLED) !== 0);
  report.stat('lru_crawler_sleep', store.tuning(Tuning.CRAWLER_SLEEP_US));
  report.stat('lru_crawler_tocrawl', store.tuning(Tuning.CRAWLER_ITEMS_MAX));
  report.stat('tail_repair_time', 0);
  report.stat('flush_enabled', options.flushAll);
  report.stat('dump_enabled', options.dumping);
  report.stat('hash_algorithm', options.hashAlgorithm);
  report.stat('lru_maintainer_thread', options.lruMaintainer);
  report.stat('lru_segmented', store.tuning(Tuning.SEGMENTED) !== 0);
  report.stat('hot_lru_pct', store.tuning(Tuning.HOT_PERCENT));
  report.stat('warm_lru_pct', store.tuning(Tuning.WARM_PERCENT));
  report.stat('hot_max_factor', store.tuning(Tuning.HOT_MAX_FACTOR).toFixed(2));
  report.stat('warm_max_factor', store.tuning(Tuning.WARM_MAX_FACTOR).toFixed(2));
  report.stat('temp_lru', store.tuning(Tuning.TEMPORARY_TTL_SECONDS) >= 0);
  report.stat('temporary_ttl', shownTemporaryTtl(worker));
}

function reportBuffers(worker: WorkerContext, report: StatReport): void {
  const { options } = worker.settings;
  report.stat('idle_timeout', options.idleTimeoutSeconds);
  report.stat('watcher_logbuf_size', options.watcherLogBufferBytes);
  report.stat('worker_logbuf_size', options.workerLogBufferBytes);
  report.stat('read_buf_mem_limit', options.readBufferMemoryLimitBytes);
  report.stat('track_sizes', options.trackSizes);
  report.stat('inline_ascii_response', false);
}

/** Settings of parts that Shoal does not have, as memcached shows them when they are off. */
const ABSENT_PARTS: readonly (readonly [string, string | number])[] = [
  ['ext_item_size', 512],
  ['ext_item_age', 4294967295],
  ['ext_low_ttl', 0],
  ['ext_recache_rate', 2000],
  ['ext_wbuf_size', 4194304],
  ['ext_compact_under', 0],
  ['ext_drop_under', 0],
  ['ext_max_sleep', 1000000],
  ['ext_max_frag', '0.80'],
  ['slab_automove_freeratio', '0.010'],
  ['ext_drop_unread', 'no'],
  ['ssl_enabled', 'no'],
  ['ssl_chain_cert', '(null)'],
  ['ssl_key', '(null)'],
  ['ssl_verify_mode', 0],
  ['ssl_keyformat', 1],
  ['ssl_ciphers', 'NULL'],
  ['ssl_ca_cert', 'NULL'],
  ['ssl_wbuf_size', 16384],
  ['ssl_session_cache', 'no'],
  ['ssl_kernel_tls', 'no'],
  ['ssl_min_version', 'tlsv1.2'],
  ['proxy_enabled', 'no'],
  ['proxy_uring_enabled', 'no'],
  ['num_napi_ids', 0],
  ['memory_file', '(null)'],
];
