import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { Tuning } from '@shoal/store';
import { DUMP_SLOT, OutboxState } from '../outbox.js';
import { AdminWorker } from '../testing/admin-worker.js';
import { CloseReason, Outcome } from '../worker-context.js';

const NOT_FOUND = 1;

/** Raw inputs and answers of memcached 1.6.45 (reference/replies.md, and asked of the running server). */
const REPLIES: readonly (readonly [string, string])[] = [
  ['flush_all', 'OK'],
  ['flush_all 0', 'OK'],
  ['flush_all -1', 'OK'],
  ['flush_all -', 'OK'],
  ['flush_all x', 'CLIENT_ERROR invalid exptime argument'],
  ['flush_all 99999999999', 'CLIENT_ERROR invalid exptime argument'],
  ['flush_all 0 0', 'OK'],
  ['version', 'VERSION 1.6.45'],
  ['version foo', 'VERSION 1.6.45'],
  ['verbosity', 'CLIENT_ERROR bad command line format'],
  ['verbosity 1', 'OK'],
  ['verbosity x', 'CLIENT_ERROR bad command line format'],
  ['verbosity 1 2', 'OK'],
  ['stats foo', 'ERROR'],
  ['stats i', 'ERROR'],
  ['stats noreply', 'ERROR'],
  ['stats reset', 'RESET'],
  ['stats res', 'RESET'],
  ['stats reset foo', 'RESET'],
  ['stats proxy', 'ERROR'],
  ['stats extstore', 'END'],
  ['stats items', 'END'],
  ['stats items foo', 'END'],
  ['stats detail', 'CLIENT_ERROR usage: stats detail on|off|dump'],
  ['stats detail foo', 'CLIENT_ERROR usage: stats detail on|off|dump'],
  ['stats detail on', 'OK'],
  ['stats detail o', 'OK'],
  ['stats detail off', 'OK'],
  ['stats detail on x y', 'OK'],
  ['stats detail dump', 'END'],
  ['stats cachedump', 'CLIENT_ERROR bad command line'],
  ['stats c', 'CLIENT_ERROR bad command line'],
  ['stats cachedump 1', 'CLIENT_ERROR bad command line'],
  ['stats cachedump 1 x', 'CLIENT_ERROR bad command line format'],
  ['stats cachedump -1 1', 'CLIENT_ERROR bad command line format'],
  ['stats cachedump 64 1', 'CLIENT_ERROR Illegal slab id'],
  ['stats cachedump 100 1', 'CLIENT_ERROR Illegal slab id'],
  ['stats cachedump 63 1', 'END'],
  ['stats cachedump 1 0', 'END'],
  ['shutdown', 'SERVER_ERROR: shutdown not enabled'],
  ['shutdown foo', 'SERVER_ERROR: shutdown not enabled'],
  ['slabs', 'ERROR'],
  ['slabs reassign 1', 'ERROR'],
  ['slabs reassign 1 1', 'SAME src and dst class are identical'],
  ['slabs reassign 1 2', 'NOSPARE source class has no spare pages'],
  ['slabs r 1 2', 'NOSPARE source class has no spare pages'],
  ['slabs reassign 99 1', 'BADCLASS invalid src or dst class id'],
  ['slabs reassign x y', 'CLIENT_ERROR bad command line format'],
  ['slabs automove', 'ERROR'],
  ['slabs automove 1', 'OK'],
  ['slabs auto 2', 'OK'],
  ['slabs automove 5', 'ERROR'],
  ['slabs automove x', 'CLIENT_ERROR bad command line format'],
  ['slabs automove ratio 0.5', 'OK'],
  ['slabs automove ratio', 'ERROR'],
  ['slabs automove freeratio 0.5', 'OK'],
  ['slabs automove window', 'CLIENT_ERROR bad command line format'],
  ['slabs automove window 2', 'CLIENT_ERROR automove window too low or too high'],
  ['slabs automove window 1801', 'CLIENT_ERROR automove window too low or too high'],
  ['slabs automove window 20', 'OK'],
  ['cache_memlimit', 'ERROR'],
  ['cache_memlimit x', 'ERROR'],
  ['cache_memlimit 4', 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m'],
  ['cache_memlimit 1000000001', 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes'],
  ['cache_memlimit 65', 'OK'],
  ['lru', 'ERROR'],
  ['lru foo', 'ERROR'],
  ['lru mode flat', 'OK'],
  ['lru m segmented', 'OK'],
  ['lru mode x', 'ERROR'],
  ['lru tune 10 25 0.1 2.0', 'OK'],
  ['lru tune 10 25 0.1', 'ERROR'],
  ['lru tune 10 25 x 2', 'ERROR'],
  ['lru tune 90 90 1 1', 'ERROR hot and warm pcts must not exceed 80'],
  ['lru tune 10 20 0 1', 'ERROR hot/warm age factors must be greater than 0'],
  ['lru temp_ttl 60', 'OK'],
  ['lru temp_ttl -1', 'OK'],
  ['lru temp_ttl x', 'ERROR'],
  ['lru_crawler', 'ERROR'],
  ['lru_crawler enable', 'ERROR failed to start lru crawler thread'],
  ['lru_crawler e', 'ERROR failed to start lru crawler thread'],
  ['lru_crawler disable', 'OK'],
  ['lru_crawler foo', 'ERROR'],
  ['lru_crawler sleep 100', 'OK'],
  ['lru_crawler sleep 9999999', 'CLIENT_ERROR sleep must be one second or less'],
  ['lru_crawler sleep x', 'CLIENT_ERROR bad command line format'],
  ['lru_crawler tocrawl 5', 'OK'],
  ['lru_crawler tocrawl x', 'CLIENT_ERROR bad command line format'],
  ['lru_crawler tocrawl 1 2', 'ERROR'],
  ['lru_crawler crawl x', 'BADCLASS invalid class id'],
  ['lru_crawler crawl 0', 'BADCLASS invalid class id'],
  ['lru_crawler crawl 64', 'BADCLASS invalid class id'],
  ['lru_crawler crawl 1,2,x', 'BADCLASS invalid class id'],
  ['lru_crawler crawl ,', 'NOTSTARTED no items to crawl'],
  ['lru_crawler crawl hash', 'ERROR an unknown error happened'],
  ['lru_crawler crawl all', 'OK'],
  ['lru_crawler crawl 1,', 'OK'],
  ['lru_crawler metadump x', 'BADCLASS invalid class id'],
  ['lru_crawler metadump al', 'BADCLASS invalid class id'],
  ['lru_crawler mgdump 64', 'BADCLASS invalid class id'],
  ['watch foo', 'ERROR'],
  ['refresh_certs', 'Error TLS not enabled'],
  ['debugtime 1', 'ERROR'],
];

describe('an administrative text command', () => {
  test.each(REPLIES)('%s is answered %s', (command, reply) => {
    const desk = new AdminWorker();
    expect(desk.ask(`${command}\r\n`)).toBe(`${reply}\r\n`);
    expect(desk.outcome).toBe(Outcome.OPEN);
  });

  test.each(['flush_all', 'flush_all 0', 'verbosity 1', 'cache_memlimit 64', 'cache_memlimit x', 'lru_crawler crawl'])(
    '%s noreply is answered with silence',
    (command) => {
      expect(new AdminWorker().ask(`${command} noreply\r\n`)).toBe('');
    },
  );
});

describe('flush_all', () => {
  test('kills what is stored and spares what comes after it in the same second', () => {
    const desk = new AdminWorker();
    desk.put('old', 'x');
    desk.ask('flush_all\r\n');
    desk.put('new', 'x');
    expect(desk.stats('stats items').get('items:1:number')).toBe('2');
    expect(liveKeys(desk)).toEqual(['new']);
  });

  test('with a delay waits for its moment', () => {
    const desk = new AdminWorker();
    desk.put('old', 'x');
    desk.ask('flush_all 10\r\n');
    expect(liveKeys(desk)).toEqual(['old']);
    desk.worker.store.clock.set(desk.worker.store.now() + 10);
    expect(liveKeys(desk)).toEqual([]);
  });

  test('is counted and refused with -F, in binary refused and not counted', () => {
    const desk = new AdminWorker({ flushAll: false });
    desk.put('old', 'x');
    expect(desk.ask('flush_all x\r\n')).toBe('CLIENT_ERROR flush_all not allowed\r\n');
    expect(desk.askBinary({ opcode: Opcode.FLUSH })).toMatchObject([{ status: 0x20, value: 'Auth failure.' }]);
    expect(liveKeys(desk)).toEqual(['old']);
    expect(desk.stats('stats').get('cmd_flush')).toBe('1');
  });

  test('in binary takes a delay, answers, and is silent in its quiet form', () => {
    const desk = new AdminWorker();
    desk.put('old', 'x');
    expect(desk.askBinary({ opcode: Opcode.FLUSH, extras: [0, 0, 0, 10] })).toMatchObject([{ status: 0, value: '' }]);
    expect(liveKeys(desk)).toEqual(['old']);
    expect(desk.askBinary({ opcode: Opcode.FLUSHQ })).toEqual([]);
    expect(liveKeys(desk)).toEqual([]);
    expect(desk.stats('stats').get('cmd_flush')).toBe('2');
  });

  function liveKeys(desk: AdminWorker): string[] {
    const keys: string[] = [];
    const room = new Uint8Array(256);
    const { store } = desk.worker;
    store.scan(0, 1000, (ref) => {
      store.copyKey(ref, room, new DataView(room.buffer), 0);
      keys.push(Buffer.from(room.subarray(0, store.keyBytes(ref))).toString());
    });
    return keys;
  }
});

describe('commands about the process', () => {
  test('shutdown with -A asks the main thread and closes without a word', () => {
    for (const [command, call] of [
      ['shutdown', 'shutdown now'],
      ['shutdown graceful', 'shutdown graceful'],
    ]) {
      const desk = new AdminWorker({ shutdownCommand: true });
      expect(desk.ask(`${command}\r\n`)).toBe('');
      expect(desk.outcome).toBe(Outcome.CLOSE);
      expect(desk.connection.closeReason).toBe(CloseReason.SHUTDOWN);
      expect(desk.hostCalls).toEqual([call]);
    }
  });

  test.each(['shutdown x', 'shutdown graceful x', 'shutdown grace'])('%s is no mode of shutdown', (command) => {
    const desk = new AdminWorker({ shutdownCommand: true });
    expect(desk.ask(`${command}\r\n`)).toBe('CLIENT_ERROR invalid shutdown mode\r\n');
    expect(desk.hostCalls).toEqual([]);
  });

  test('verbosity is kept at 2 at most', () => {
    const desk = new AdminWorker();
    desk.ask('verbosity 9\r\n');
    expect(desk.stats('stats settings').get('verbosity')).toBe('2');
    expect(desk.askBinary({ opcode: Opcode.VERBOSITY, extras: [0, 0, 0, 1] })).toMatchObject([{ status: 0 }]);
    expect(desk.worker.settings.verbosity).toBe(1);
  });

  test('cache_memlimit sets the limit that stats show', () => {
    const desk = new AdminWorker();
    desk.ask('cache_memlimit 16\r\n');
    expect(desk.stats('stats').get('limit_maxbytes')).toBe('16777216');
    expect(desk.stats('stats settings').get('maxbytes')).toBe('16777216');
    expect(desk.hostCalls).toEqual(['wake maintenance']);
  });

  test('cache_memlimit beyond the address space of the arena fails', () => {
    expect(new AdminWorker().ask('cache_memlimit 1000000\r\n')).toBe(
      'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n',
    );
  });

  test('debugtime moves the clock at once and for good, where debug commands are allowed', () => {
    const desk = new AdminWorker({ debugCommands: true });
    const before = desk.worker.store.now();
    expect(desk.ask('debugtime 5\r\n')).toBe('OK\r\n');
    expect(desk.worker.store.now()).toBe(before + 5);
    expect(desk.ask('debugtime -2\r\n')).toBe('OK\r\n');
    expect([desk.worker.store.now(), desk.worker.settings.clockShiftSeconds]).toEqual([before + 3, 3]);
    expect(desk.ask('debugtime p\r\n')).toBe('OK\r\n');
    expect(desk.worker.settings.clockPaused).toBe(true);
    expect(desk.ask('debugtime r\r\n')).toBe('OK\r\n');
    expect(desk.worker.settings.clockPaused).toBe(false);
    expect([desk.ask('debugtime\r\n'), desk.ask('debugtime x\r\n')]).toEqual(['ERROR\r\n', 'ERROR\r\n']);
  });

  test('version is answered in binary too', () => {
    expect(new AdminWorker().askBinary({ opcode: Opcode.VERSION })).toMatchObject([{ status: 0, value: '1.6.45' }]);
  });
});

describe('lru and slabs', () => {
  test('settings change for all threads and show', () => {
    const desk = new AdminWorker();
    desk.ask('lru tune 10 25 0.1 3\r\n');
    desk.ask('lru mode flat\r\n');
    desk.ask('slabs automove 2\r\n');
    desk.ask('slabs automove ratio 0.5\r\n');
    desk.ask('slabs automove window 30\r\n');
    desk.ask('lru_crawler sleep 7\r\n');
    desk.ask('lru_crawler tocrawl 8\r\n');
    desk.ask('lru_crawler disable\r\n');
    const settings = desk.stats('stats settings');
    const shown = [
      'hot_lru_pct',
      'warm_lru_pct',
      'hot_max_factor',
      'warm_max_factor',
      'lru_segmented',
      'slab_automove',
    ];
    expect(shown.map((name) => settings.get(name))).toEqual(['10', '25', '0.10', '3.00', 'no', '2']);
    const more = [
      'slab_automove_ratio',
      'slab_automove_window',
      'lru_crawler_sleep',
      'lru_crawler_tocrawl',
      'lru_crawler',
    ];
    expect(more.map((name) => settings.get(name))).toEqual(['0.50', '30', '7', '8', 'no']);
  });

  test('temp_ttl switches the temporary queue on and off, and the TTL stays on show', () => {
    const desk = new AdminWorker();
    const shown = () => ['temp_lru', 'temporary_ttl'].map((name) => desk.stats('stats settings').get(name));
    expect(shown()).toEqual(['no', '61']);
    desk.ask('lru temp_ttl 90\r\n');
    expect(shown()).toEqual(['yes', '90']);
    desk.ask('lru temp_ttl -1\r\n');
    desk.ask('lru temp_ttl -5\r\n');
    expect(shown()).toEqual(['no', '90']);
    expect(desk.worker.store.tuning(Tuning.TEMPORARY_TTL_SECONDS)).toBeLessThan(0);
  });

  test('mode and temp_ttl need the LRU maintainer', () => {
    const desk = new AdminWorker({ lruMaintainer: false });
    expect(desk.ask('lru mode flat\r\n')).toBe('ERROR\r\n');
    expect(desk.ask('lru temp_ttl 9\r\n')).toBe('ERROR\r\n');
  });

  test('reassign is refused where it is switched off', () => {
    expect(new AdminWorker({ slabReassign: false }).ask('slabs reassign 1 2\r\n')).toBe(
      'CLIENT_ERROR slab reassignment disabled\r\n',
    );
  });
});

describe('the crawler', () => {
  test('crawls once asked, and is busy until the maintenance thread has done it', () => {
    const desk = new AdminWorker();
    expect(desk.ask('lru_crawler crawl 1,2\r\n')).toBe('OK\r\n');
    expect(desk.hostCalls).toEqual(['wake maintenance']);
    expect(desk.ask('lru_crawler crawl all\r\n')).toBe('BUSY currently processing crawler request\r\n');
    expect(desk.stats('stats').get('lru_crawler_running')).toBe('1');
  });

  test('is told to stop and to start', () => {
    const desk = new AdminWorker();
    desk.ask('lru_crawler disable\r\n');
    for (const what of ['crawl all', 'metadump all', 'mgdump all']) {
      expect(desk.ask(`lru_crawler ${what}\r\n`)).toBe('CLIENT_ERROR lru crawler disabled\r\n');
    }
    expect(desk.ask('lru_crawler enable\r\n')).toBe('OK\r\n');
  });

  test('dumps into an outbox, one dump at a time', () => {
    const desk = new AdminWorker();
    expect(desk.ask('lru_crawler metadump 1,3\r\n')).toBe('OK\r\n');
    expect([desk.outcome, desk.connection.outbox]).toEqual([Outcome.STREAM, DUMP_SLOT]);
    expect(desk.worker.outboxes.detailOf(DUMP_SLOT)).toBe(0b1010n);
    desk.connection.outbox = -1;
    expect(desk.ask('lru_crawler mgdump all\r\n')).toBe('BUSY currently processing crawler request\r\n');
    expect(desk.stats('stats').get('lru_crawler_starts')).toBe('1');
  });

  test('does not dump with -X, nor behind other replies', () => {
    const desk = new AdminWorker({ dumping: false });
    expect(desk.ask('lru_crawler metadump all\r\n')).toBe('ERROR metadump not allowed\r\n');
    expect(desk.ask('lru_crawler mgdump all\r\n')).toBe('ERROR key dump not allowed\r\n');
    expect(desk.ask('stats detail on\r\n')).toBe('CLIENT_ERROR stats detail not allowed\r\n');
    expect(desk.ask('stats cachedump 1 1\r\n')).toBe('CLIENT_ERROR stats cachedump not allowed\r\n');
    expect(desk.askBinary({ opcode: Opcode.STAT, key: 'detail dump' })).toMatchObject([{ status: NOT_FOUND }]);
  });

  test.each([
    ['lru_crawler metadump all', 'ERROR cannot pipeline other commands before metadump'],
    ['lru_crawler mgdump all', 'ERROR cannot pipeline other commands before mgdump'],
    ['watch', 'ERROR cannot pipeline other commands before watch'],
  ])('%s does not follow a reply that has not left yet', (command, reply) => {
    const desk = new AdminWorker();
    expect(desk.ask(`${command}\r\n`, 'VERSION\r\n')).toBe(`VERSION\r\n${reply}\r\n`);
    expect(desk.connection.outbox).toBe(-1);
  });
});

describe('watch', () => {
  test('makes the connection a watcher of fetchers, or of what it names', () => {
    const desk = new AdminWorker();
    expect(desk.ask('watch\r\n')).toBe('OK\r\n');
    expect(desk.outcome).toBe(Outcome.STREAM);
    expect(desk.hostCalls).toEqual(['watchers changed']);
    expect(desk.worker.activity.words[0]).toBe(desk.worker.outboxes.subjectOf(desk.connection.outbox));
    const all = 'fetchers mutations evictions connevents proxyreqs proxyevents proxyuser sysevents deletions rawcmds';
    expect(desk.ask(`watch ${all}\r\n`)).toBe('OK\r\n');
    expect(desk.worker.activity.words[0]).toBe(0x3ff);
    expect(desk.stats('stats').get('log_watchers')).toBe('2');
  });

  test('takes twenty watchers', () => {
    const desk = new AdminWorker();
    for (let i = 0; i < 20; i++) expect(desk.ask('watch f\r\n')).toBe('OK\r\n');
    expect(desk.ask('watch\r\n')).toBe('WATCHER_TOO_MANY log watcher limit reached\r\n');
    expect(desk.worker.outboxes.stateOf(0)).toBe(OutboxState.OPEN);
  });

  test('is refused with -W', () => {
    expect(new AdminWorker({ watch: false }).ask('watch mutations\r\n')).toBe(
      'CLIENT_ERROR watch commands not allowed\r\n',
    );
  });
});
