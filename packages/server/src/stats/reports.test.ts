import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { ServerCounter } from '../server-counters.js';
import { AdminWorker, NOW, START_UNIX_SECONDS } from '../testing/admin-worker.js';
import type { WorkerContext } from '../worker-context.js';

/** Fields and order of memcached 1.6.45 (reference/memcached.md, section 5). */
const GENERAL = words(`
  pid uptime time version libevent pointer_size rusage_user rusage_system max_connections curr_connections total_connections
  rejected_connections connection_structures response_obj_oom response_obj_count response_obj_bytes read_buf_count read_buf_bytes
  read_buf_bytes_free read_buf_oom reserved_fds cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits get_misses get_expired get_flushed
  delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits touch_misses
  store_too_large store_no_memory auth_cmds auth_errors bytes_read bytes_written limit_maxbytes accepting_conns listen_disabled_num
  time_in_listen_disabled_us threads conn_yields hash_power_level hash_bytes hash_is_expanding slab_reassign_rescues
  slab_reassign_chunk_rescues slab_reassign_inline_reclaim slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_busy_nomem
  slab_reassign_last_busy_status slab_reassign_running slabs_moved lru_crawler_running lru_crawler_starts lru_maintainer_juggles
  malloc_fails log_worker_dropped log_worker_written log_watcher_skipped log_watcher_sent log_watchers unexpected_napi_ids
  round_robin_fallback bytes curr_items total_items slab_global_page_pool expired_unfetched evicted_unfetched evicted_active evictions
  reclaimed crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru direct_reclaims
  lru_bumps_dropped`);

const CRAWLER_FIELDS = words('lru_crawler_running lru_crawler_starts');
const MAINTAINER_FIELDS = words(
  'lru_maintainer_juggles evicted_active moves_to_cold moves_to_warm moves_within_lru direct_reclaims lru_bumps_dropped',
);

const SETTINGS = words(`
  maxbytes=67108864 maxconns=1024 tcpport=11211 udpport=0 inter=NULL verbosity=0 oldest=0 evictions=on domain_socket=NULL umask=700
  shutdown_command=no growth_factor=1.25 chunk_size=48 num_threads=4 num_threads_per_udp=4 stat_key_prefix=: detail_enabled=no
  reqs_per_event=20 cas_enabled=yes tcp_backlog=1024 binding_protocol=auto-negotiate auth_enabled_sasl=no auth_enabled_ascii=no
  item_size_max=1048576 maxconns_fast=yes hashpower_init=0 slab_reassign=yes slab_automove=1 slab_automove_ratio=0.80
  slab_automove_window=10 slab_chunk_max=524288 lru_crawler=yes lru_crawler_sleep=100 lru_crawler_tocrawl=0 tail_repair_time=0
  flush_enabled=yes dump_enabled=yes hash_algorithm=murmur3 lru_maintainer_thread=yes lru_segmented=yes hot_lru_pct=20 warm_lru_pct=40
  hot_max_factor=0.20 warm_max_factor=2.00 temp_lru=no temporary_ttl=61 idle_timeout=0 watcher_logbuf_size=262144
  worker_logbuf_size=65536 read_buf_mem_limit=0 track_sizes=no inline_ascii_response=no ext_item_size=512 ext_item_age=4294967295
  ext_low_ttl=0 ext_recache_rate=2000 ext_wbuf_size=4194304 ext_compact_under=0 ext_drop_under=0 ext_max_sleep=1000000
  ext_max_frag=0.80 slab_automove_freeratio=0.010 ext_drop_unread=no ssl_enabled=no ssl_chain_cert=(null) ssl_key=(null)
  ssl_verify_mode=0 ssl_keyformat=1 ssl_ciphers=NULL ssl_ca_cert=NULL ssl_wbuf_size=16384 ssl_session_cache=no ssl_kernel_tls=no
  ssl_min_version=tlsv1.2 proxy_enabled=no proxy_uring_enabled=no num_napi_ids=0 memory_file=(null) client_flags_size=4
  shoal_version=0.1.0 transport=epoll`);

const ITEMS = words(`
  number number_hot number_warm number_cold age_hot age_warm age mem_requested evicted evicted_nonzero evicted_time outofmemory
  tailrepairs reclaimed expired_unfetched evicted_unfetched evicted_active crawler_reclaimed crawler_items_checked lrutail_reflocked
  moves_to_cold moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm hits_to_cold hits_to_temp`);

const ITEMS_FLAT = words(`
  number age mem_requested evicted evicted_nonzero evicted_time outofmemory tailrepairs reclaimed expired_unfetched evicted_unfetched
  crawler_reclaimed crawler_items_checked lrutail_reflocked`);

const SLABS = words(`
  chunk_size chunks_per_page total_pages total_chunks used_chunks free_chunks free_chunks_end get_hits cmd_set delete_hits incr_hits
  decr_hits cas_hits cas_badval touch_hits`);

function countHit({ reads }: WorkerContext, ref: number): void {
  reads.lookLocked(ref);
  reads.countHit();
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

function names(desk: AdminWorker, command: string): string[] {
  return [...desk.stats(command).keys()];
}

describe('stats', () => {
  test('shows the 93 fields of memcached in their order', () => {
    expect(GENERAL).toHaveLength(93);
    expect(names(new AdminWorker(), 'stats')).toEqual(GENERAL);
  });

  test('shows 84 fields without crawler and maintainer', () => {
    const left = GENERAL.filter((name) => !CRAWLER_FIELDS.includes(name) && !MAINTAINER_FIELDS.includes(name));
    const shown = names(new AdminWorker({ lruCrawler: false, lruMaintainer: false }), 'stats');
    expect(shown).toHaveLength(84);
    expect(shown).toEqual(left);
  });

  test('shows fields of a part only while the part is switched on', () => {
    const withoutMover = GENERAL.filter((name) => !name.startsWith('slab_reassign') && name !== 'slabs_moved');
    expect(names(new AdminWorker({ slabReassign: false }), 'stats')).toEqual(withoutMover);
    const withoutFast = GENERAL.filter((name) => name !== 'rejected_connections');
    expect(names(new AdminWorker({ maxConnectionsFast: false }), 'stats')).toEqual(withoutFast);
    const withIdle = names(new AdminWorker({ idleTimeoutSeconds: 3 }), 'stats');
    expect(withIdle.slice(withIdle.indexOf('auth_errors'), withIdle.indexOf('bytes_read'))).toEqual([
      'auth_errors',
      'idle_kicks',
    ]);
  });

  test('shows the crawler while it is enabled, whatever the flags said', () => {
    const desk = new AdminWorker({ lruCrawler: false });
    desk.ask('lru_crawler enable\r\n');
    expect(names(desk, 'stats')).toEqual(GENERAL);
    desk.ask('lru_crawler disable\r\n');
    expect(names(desk, 'stats')).toEqual(GENERAL.filter((name) => !CRAWLER_FIELDS.includes(name)));
  });

  test('tells of discovery once a configuration was stored, and goes on when it is deleted', () => {
    const desk = new AdminWorker();
    desk.ask('config get cluster\r\n');
    expect(names(desk, 'stats')).toHaveLength(93);
    desk.ask('config set cluster 0 2\r\n1\n\r\n');
    const shown = () => words('cmd_config_get cmd_config_set curr_config').map((name) => desk.stats('stats').get(name));
    expect(shown()).toEqual(['1', '1', '1']);
    desk.ask('config delete cluster\r\n');
    expect(shown()).toEqual(['1', '1', '0']);
  });

  test('has the forms of memcached', () => {
    const stats = new AdminWorker().stats('stats');
    const numbers = [...stats].filter(
      ([name]) => !['version', 'libevent', 'slab_reassign_last_busy_status'].includes(name),
    );
    for (const [name, value] of numbers)
      expect(`${name} ${value}`).toMatch(name.startsWith('rusage') ? /^\w+ \d+\.\d{6}$/ : /^\w+ \d+$/);
    expect(stats.get('version')).toBe('1.6.45');
    expect(stats.get('libevent')).toBe('2.1.12-stable');
    expect(stats.get('slab_reassign_last_busy_status')).toBe('none');
    expect(stats.get('time')).toBe(String(START_UNIX_SECONDS + NOW));
    expect(stats.get('pid')).toBe(String(process.pid));
    expect(stats.get('curr_connections')).toBe('2');
    expect(stats.get('accepting_conns')).toBe('1');
    expect(stats.get('hash_power_level')).toBe('16');
  });

  test('sums the counts of all threads', () => {
    const desk = new AdminWorker();
    const { totals, store } = desk.worker;
    const ref = desk.put('foo', 'value');
    countHit(desk.worker, ref);
    for (const counter of [ClassCounter.CMD_SET, ClassCounter.TOUCH_HITS, ClassCounter.CAS_BADVAL])
      store.countClass(ref, counter);
    for (const row of [0, 1, 2]) {
      totals.row(row)[ServerCounter.GET_MISSES]++;
      totals.row(row)[ServerCounter.TOUCH_MISSES]++;
      totals.row(row)[ServerCounter.BYTES_READ] += 2 ** 40;
    }
    const stats = desk.stats('stats');
    const shown = words(
      'cmd_get get_hits get_misses cmd_set cmd_touch touch_hits touch_misses cas_badval bytes_read curr_items bytes',
    );
    expect(shown.map((name) => stats.get(name))).toEqual(
      words(`4 1 3 1 4 1 3 1 ${3 * 2 ** 40} 1 ${store.totalBytes(ref)}`),
    );
  });

  test('starts anew at a reset, except for what is there now', () => {
    const desk = new AdminWorker();
    const ref = desk.put('foo', 'value');
    countHit(desk.worker, ref);
    desk.worker.store.countClass(ref, ClassCounter.CMD_SET);
    desk.worker.counters[ServerCounter.GET_MISSES]++;
    desk.worker.prefixes.recordGet(Buffer.from('foo:bar'), 0, 7, true);
    expect(desk.ask('stats reset\r\n')).toBe('RESET\r\n');
    const stats = desk.stats('stats');
    const shown = words('cmd_get get_hits get_misses cmd_set total_items curr_items');
    expect(shown.map((name) => stats.get(name))).toEqual(['0', '0', '0', '0', '0', '1']);
    expect(desk.ask('stats detail dump\r\n')).toBe('END\r\n');
  });
});

describe('stats settings', () => {
  test('shows the 79 fields of a full build and two of its own, with the defaults of memcached', () => {
    const desk = new AdminWorker({ memoryLimitBytes: 64 * 1024 * 1024 });
    const shown = [...desk.stats('stats settings')].map(([name, value]) => `${name}=${value}`);
    expect(SETTINGS).toHaveLength(81);
    expect(shown).toEqual(SETTINGS);
  });

  test('is meant by any beginning of the word', () => {
    expect(names(new AdminWorker(), 'stats s')).toHaveLength(81);
    expect(names(new AdminWorker(), 'stats settings x')).toHaveLength(81);
  });

  test('shows what was asked for', () => {
    const settings = new AdminWorker({
      unixSocket: '/tmp/sock',
      listen: ['127.0.0.1', '::1'],
      unixMask: 0o770,
      evictions: false,
      protocol: 'ascii',
      cas: false,
      prefixDelimiter: '/',
      shutdownCommand: true,
      growthFactor: 1.5,
      temporaryLru: true,
      temporaryTtlSeconds: 240,
      trackSizes: true,
      flushAll: false,
      dumping: false,
      statsDetail: true,
    }).stats('stats settings');
    const shown =
      words(`domain_socket inter umask evictions binding_protocol cas_enabled stat_key_prefix shutdown_command growth_factor
      temp_lru temporary_ttl track_sizes flush_enabled dump_enabled detail_enabled`);
    expect(shown.map((name) => settings.get(name))).toEqual(
      words('/tmp/sock 127.0.0.1,::1 770 off ascii no / yes 1.50 yes 240 yes no no yes'),
    );
  });

  test('shows the last second that a flush has killed', () => {
    const desk = new AdminWorker();
    desk.ask('flush_all\r\n');
    expect(desk.stats('stats settings').get('oldest')).toBe(String(NOW - 1));
  });
});

describe('stats items', () => {
  test('shows 28 fields of every class that holds items', () => {
    const desk = new AdminWorker();
    desk.put('foo', 'x');
    desk.put('bar', 'x'.repeat(300));
    const shown = names(desk, 'stats items');
    expect(shown).toEqual([...ITEMS.map((name) => `items:1:${name}`), ...ITEMS.map((name) => `items:7:${name}`)]);
  });

  test('shows number_temp with a temporary TTL, and 14 fields without the maintainer', () => {
    const temporary = new AdminWorker({ temporaryLru: true });
    temporary.put('foo', 'x');
    expect(names(temporary, 'stats items').slice(2, 6)).toEqual(
      words('items:1:number_warm items:1:number_cold items:1:number_temp items:1:age_hot'),
    );
    const flat = new AdminWorker({ lruMaintainer: false, lruSegmented: false });
    flat.put('foo', 'x');
    expect(names(flat, 'stats items')).toEqual(ITEMS_FLAT.map((name) => `items:1:${name}`));
  });

  test('counts items, their bytes and their hits by queue', () => {
    const desk = new AdminWorker();
    const ref = desk.put('foo', 'x');
    desk.put('goo', 'xy');
    countHit(desk.worker, ref);
    desk.worker.store.clock.set(NOW + 9);
    const items = desk.stats('stats items');
    const shown = words('number number_hot number_cold age_hot mem_requested hits_to_hot hits_to_cold');
    expect(shown.map((name) => items.get(`items:1:${name}`))).toEqual(['2', '2', '0', '9', '127', '1', '0']);
  });
});

describe('stats slabs', () => {
  test('shows 15 fields of every class that has a page, and two totals', () => {
    const desk = new AdminWorker();
    expect(desk.ask('stats slabs\r\n')).toBe('STAT active_slabs 0\r\nSTAT total_malloced 0\r\nEND\r\n');
    desk.put('foo', 'x');
    const slabs = desk.stats('stats slabs');
    expect([...slabs.keys()]).toEqual([...SLABS.map((name) => `1:${name}`), 'active_slabs', 'total_malloced']);
    const shown = words(
      '1:chunk_size 1:chunks_per_page 1:total_pages 1:used_chunks 1:free_chunks_end active_slabs total_malloced',
    );
    expect(shown.map((name) => slabs.get(name))).toEqual(words('96 13107 1 1 0 1 1048576'));
  });
});

describe('stats sizes', () => {
  test('says so when sizes are not tracked, in both dialects', () => {
    const desk = new AdminWorker();
    expect(desk.ask('stats sizes\r\n')).toBe('STAT sizes_status disabled\r\nEND\r\n');
    expect(desk.askBinary({ opcode: Opcode.STAT, key: 'sizes' })).toMatchObject([
      { key: 'sizes_status', value: 'disabled' },
      { key: '', value: '' },
    ]);
  });

  test('counts items in steps of 32 bytes', () => {
    const desk = new AdminWorker({ trackSizes: true });
    desk.put('a', 'abc');
    desk.put('b', 'x'.repeat(300), { flags: 5 });
    expect(desk.ask('stats sizes\r\n')).toBe('STAT 64 1\r\nSTAT 384 1\r\nEND\r\n');
  });
});

describe('stats conns', () => {
  test('shows listeners, the asker and others, each with its addresses, state and age', () => {
    expect(new AdminWorker().ask('stats conns\r\n').split('\r\n')).toEqual([
      'STAT 0:addr tcp:127.0.0.1:11211',
      'STAT 0:state conn_listening',
      'STAT 0:secs_since_last_cmd 50',
      'STAT 1:addr tcp:127.0.0.1:4001',
      'STAT 1:listen_addr tcp:127.0.0.1:11211',
      'STAT 1:state conn_parse_cmd',
      'STAT 1:secs_since_last_cmd 0',
      'STAT 2:addr tcp:127.0.0.1:4002',
      'STAT 2:listen_addr tcp:127.0.0.1:11211',
      'STAT 2:state conn_read',
      'STAT 2:secs_since_last_cmd 7',
      'END',
      '',
    ]);
  });
});

describe('stats cachedump', () => {
  test('lists the cold queue, newest first, with lengths and expiry times', () => {
    const desk = new AdminWorker({ lruMaintainer: false, lruSegmented: false });
    desk.put('foo', 'bar');
    desk.put('foo2', 'long', { exptime: NOW + 50 });
    const expires = START_UNIX_SECONDS + NOW + 50;
    expect(desk.ask('stats cachedump 1 0\r\n')).toBe(`ITEM foo2 [4 b; ${expires} s]\r\nITEM foo [3 b; 0 s]\r\nEND\r\n`);
    expect(desk.ask('stats cachedump 1 1\r\n')).toBe(`ITEM foo2 [4 b; ${expires} s]\r\nEND\r\n`);
  });

  test('ends at 2 MiB', () => {
    const desk = new AdminWorker({ lruMaintainer: false, lruSegmented: false });
    for (let i = 0; i < 9000; i++) desk.put(`${'k'.repeat(240)}${i}`, '');
    const reply = desk.ask('stats cachedump 6 0\r\n');
    expect(reply.length).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(reply.length).toBeGreaterThan(2 * 1024 * 1024 - 300);
    expect(reply.endsWith('s]\r\nEND\r\n')).toBe(true);
  });
});

describe('stats detail', () => {
  test('is switched on and off and dumps what was counted', () => {
    const desk = new AdminWorker();
    desk.ask('stats detail on\r\n');
    expect(desk.worker.settings.detailEnabled).toBe(true);
    desk.worker.prefixes.recordGet(Buffer.from('foo:bar'), 0, 7, true);
    expect(desk.ask('stats detail dump\r\n')).toBe('PREFIX foo get 1 hit 1 set 0 del 0\r\nEND\r\n');
    expect(desk.askBinary({ opcode: Opcode.STAT, key: 'detail dump' })).toMatchObject([
      { key: 'detailed', value: 'PREFIX foo get 1 hit 1 set 0 del 0\r\nEND\r\n' },
      { key: '', value: '' },
    ]);
    desk.ask('stats detail off\r\n');
    expect(desk.worker.settings.detailEnabled).toBe(false);
  });
});

describe('binary Stat', () => {
  const ask = (desk: AdminWorker, key: string) => desk.askBinary({ opcode: Opcode.STAT, key });

  test('sends each field as a response of its own and an empty one at the end', () => {
    const responses = ask(new AdminWorker(), '');
    expect(responses.map(({ key }) => key)).toEqual([...GENERAL, '']);
    expect(responses[3]).toMatchObject({ opcode: Opcode.STAT, status: 0, key: 'version', value: '1.6.45', cas: 0n });
  });

  test.each(['settings', 'settingsfoo'])('knows %s', (key) => {
    expect(ask(new AdminWorker(), key)).toHaveLength(82);
  });

  test('knows items and slabs by their whole names', () => {
    const desk = new AdminWorker();
    desk.put('foo', 'x');
    expect(ask(desk, 'items')).toHaveLength(ITEMS.length + 1);
    expect(ask(desk, 'slabs')).toHaveLength(SLABS.length + 3);
  });

  test.each(['reset', 'reset foo', 'detail on', 'detail onx', 'detail off'])('answers %s with the end alone', (key) => {
    expect(ask(new AdminWorker(), key)).toMatchObject([{ status: 0, key: '', value: '' }]);
  });

  test.each(['s', 'conns', 'cachedump 1 1', 'detail', 'detail foo', 'foo', 'item'])('does not know %s', (key) => {
    expect(ask(new AdminWorker(), key)).toMatchObject([{ status: 1, key: '', value: 'Not found' }]);
  });
});
