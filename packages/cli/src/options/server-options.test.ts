import { describe, expect, test } from '@jest/globals';
import { checkServerOptions } from '@shoal/server/option-checks';
import { SERVER_OPTION_DEFAULTS, type ServerOptions } from '@shoal/server/options';
import type { ReadArguments } from './arguments.js';
import type { OptionDefinition } from './definition.js';
import { variableOf } from './environment.js';
import { EXTENDED_OPTIONS } from './extended-options.js';
import { SERVER_FLAGS } from './server-flags.js';
import { describeProblem, gatherServerOptions } from './server-options.js';

interface Sample {
  /** A text that is allowed, and what comes of it. */
  readonly good: readonly [text: string, options: ServerOptions];
  readonly bad: string;
}

/** One for each flag that sets something; a test demands that none is left out. */
const FLAG_SAMPLES: Record<string, Sample> = {
  port: { good: ['-1', { port: 0 }], bad: '65536' },
  listen: { good: ['127.0.0.1,[::1]:2', { listen: ['127.0.0.1', '[::1]:2'] }], bad: ',' },
  'unix-socket': { good: ['/tmp/s', { unixSocket: '/tmp/s' }], bad: `/${'s'.repeat(107)}` },
  'unix-mask': { good: ['770', { unixMask: 0o770 }], bad: '778' },
  'listen-backlog': { good: ['8675', { backlog: 8675 }], bad: '0' },
  protocol: { good: ['binary', { protocol: 'binary' }], bad: 'http' },
  transport: { good: ['net', { transport: 'net' }], bad: 'kqueue' },
  'memory-limit': { good: ['1024', { memoryLimitBytes: 2 ** 30 }], bad: '1g' },
  'disable-evictions': { good: ['true', { evictions: false }], bad: 'perhaps' },
  'max-item-size': { good: [' 2m', { itemSizeMaxBytes: 2_097_152 }], bad: '1000' },
  'slab-growth-factor': { good: ['1.08', { growthFactor: 1.08 }], bad: '1' },
  'slab-min-size': { good: ['64', { minSizeBytes: 64 }], bad: '0' },
  'disable-cas': { good: ['true', { cas: false }], bad: '2' },
  threads: { good: ['2', { threads: 2 }], bad: '0' },
  'conn-limit': { good: ['10000', { maxConnections: 10_000 }], bad: '-1' },
  'max-reqs-per-event': { good: ['1', { requestsPerEvent: 1 }], bad: '0' },
  'enable-shutdown': { good: ['true', { shutdownCommand: true }], bad: 'A' },
  'disable-flush-all': { good: ['true', { flushAll: false }], bad: 'A' },
  'disable-dumping': { good: ['true', { dumping: false }], bad: 'A' },
  'disable-watch': { good: ['true', { watch: false }], bad: 'A' },
  'prefix-delimiter': { good: ['.', { prefixDelimiter: '.', statsDetail: true }], bad: '..' },
  'debug-commands': { good: ['true', { debugCommands: true }], bad: 'A' },
  pool: { good: ['pool:11210, b:1', { poolAddresses: ['pool:11210', 'b:1'] }], bad: ',' },
  cluster: { good: ['dev', { clusterId: 'dev' }], bad: '' },
  advertise: {
    good: ['a.example:11211,11311=b:2', { advertise: ['a.example:11211', '11311=b:2'] }],
    bad: ',',
  },
  verbose: { good: ['2', { verbosity: 2 }], bad: 'loud' },
  'log-level': { good: ['warn', { logLevel: 'warn' }], bad: 'loud' },
  daemon: { good: ['true', { daemon: true }], bad: 'A' },
  pidfile: { good: ['/tmp/p', { pidFile: '/tmp/p' }], bad: '' },
  user: { good: ['nobody', { user: 'nobody' }], bad: '' },
  'enable-coredumps': { good: ['true', { coreDumps: true }], bad: 'A' },
  'lock-memory': { good: ['true', { ineffective: ['LABEL'] }], bad: 'A' },
  'enable-largepages': { good: ['true', { ineffective: ['LABEL'] }], bad: 'A' },
  'napi-ids': { good: ['2', { ineffective: ['LABEL'] }], bad: '0' },
  'udp-port': { good: ['0', {}], bad: 'off' },
};

const EXTENDED_SAMPLES: Record<string, Sample> = {
  modern: { good: ['modern', { ineffective: ['LABEL'] }], bad: 'modern=1' },
  slab_chunk_max: { good: ['slab_chunk_max=16', { slabChunkMaxBytes: 16_384 }], bad: 'slab_chunk_max=1025' },
  slab_reassign: { good: ['no_slab_reassign', { slabReassign: false }], bad: 'no_slab_reassign=1' },
  slab_automove: { good: ['slab_automove=2', { slabAutomove: 2 }], bad: 'slab_automove=3' },
  slab_automove_ratio: { good: ['slab_automove_ratio=0.5', { slabAutomoveRatio: 0.5 }], bad: 'slab_automove_ratio=2' },
  slab_automove_window: { good: ['slab_automove_window=3', { slabAutomoveWindow: 3 }], bad: 'slab_automove_window=2' },
  hashpower: { good: ['hashpower=12', { hashPower: 12 }], bad: 'hashpower=11' },
  hash_algorithm: { good: ['hash_algorithm=xxh3', { hashAlgorithm: 'xxh3' }], bad: 'hash_algorithm=md5' },
  track_sizes: { good: ['track_sizes', { trackSizes: true }], bad: 'track_sizes=1' },
  lru_maintainer: {
    good: ['no_lru_maintainer', { lruMaintainer: false, lruSegmented: false }],
    bad: 'lru_maintainer=1',
  },
  lru_crawler: { good: ['no_lru_crawler', { lruCrawler: false }], bad: 'lru_crawler=yes' },
  lru_crawler_sleep: {
    good: ['lru_crawler_sleep=0', { lruCrawlerSleepMicroseconds: 0 }],
    bad: 'lru_crawler_sleep=1000001',
  },
  lru_crawler_tocrawl: { good: ['lru_crawler_tocrawl=5', { lruCrawlerToCrawl: 5 }], bad: 'lru_crawler_tocrawl=-1' },
  hot_lru_pct: { good: ['hot_lru_pct=30', { hotLruPercent: 30 }], bad: 'hot_lru_pct=80' },
  warm_lru_pct: { good: ['warm_lru_pct=30', { warmLruPercent: 30 }], bad: 'warm_lru_pct=0' },
  hot_max_factor: { good: ['hot_max_factor=0.5', { hotMaxFactor: 0.5 }], bad: 'hot_max_factor=0' },
  warm_max_factor: { good: ['warm_max_factor=3', { warmMaxFactor: 3 }], bad: 'warm_max_factor=-1' },
  temporary_ttl: {
    good: ['temporary_ttl=240', { temporaryTtlSeconds: 240, temporaryLru: true }],
    bad: 'temporary_ttl=soon',
  },
  idle_timeout: { good: ['idle_timeout=3', { idleTimeoutSeconds: 3 }], bad: 'idle_timeout' },
  maxconns_fast: { good: ['no_maxconns_fast', { maxConnectionsFast: false }], bad: 'maxconns_fast=1' },
  read_buf_mem_limit: {
    good: ['read_buf_mem_limit=1', { readBufferMemoryLimitBytes: 1_048_576 }],
    bad: 'read_buf_mem_limit=-1',
  },
  watcher_logbuf_size: {
    good: ['watcher_logbuf_size=8', { watcherLogBufferBytes: 8192 }],
    bad: 'watcher_logbuf_size=0',
  },
  worker_logbuf_size: { good: ['worker_logbuf_size=8', { workerLogBufferBytes: 8192 }], bad: 'worker_logbuf_size=x' },
  no_hashexpand: { good: ['no_hashexpand', { ineffective: ['LABEL'] }], bad: 'no_no_hashexpand' },
  tail_repair_time: { good: ['tail_repair_time=10', { ineffective: ['LABEL'] }], bad: 'tail_repair_time=9' },
  resp_obj_mem_limit: { good: ['resp_obj_mem_limit=3', { ineffective: ['LABEL'] }], bad: 'resp_obj_mem_limit=' },
  inline_ascii_resp: { good: ['inline_ascii_resp', { ineffective: ['LABEL'] }], bad: 'inline_ascii_resp=1' },
  drop_privileges: { good: ['drop_privileges', { ineffective: ['LABEL'] }], bad: 'drop_privileges=1' },
  relaxed_privileges: { good: ['relaxed_privileges', { ineffective: ['LABEL'] }], bad: 'relaxed_privileges=1' },
};

const FLAGS = SERVER_FLAGS.filter(
  ({ commandLineOnly, refusal, name }) => !commandLineOnly && !refusal && name !== 'extended' && name !== 'config-file',
);

function noFile(path: string): string {
  throw new Error(`no such file: ${path}`);
}

/** Flags by name, `''` for a switch; a list is a flag used several times. */
type Flags = Record<string, string | readonly string[]>;

function read(flags: Flags): ReadArguments {
  const uses = Object.entries(flags).flatMap(([name, texts]) => {
    const flag = SERVER_FLAGS.find((each) => each.name === name) as OptionDefinition;
    return [texts]
      .flat()
      .map((text) => ({ flag, text: flag.argument === undefined && text === '' ? undefined : text }));
  });
  return { uses, unknown: [], operands: [] };
}

function gather(
  flags: Flags,
  environment: Record<string, string> = {},
  readTextFile: (path: string) => string = noFile,
) {
  return gatherServerOptions(read(flags), environment, readTextFile);
}

/** The options alone, when nothing was wrong. */
function optionsOf(...given: Parameters<typeof gather>): ServerOptions {
  const { options, problems } = gather(...given);
  expect(problems).toEqual([]);
  return options;
}

function fromFile(content: unknown) {
  return gather({ 'config-file': '/etc/shoal.json' }, {}, () => JSON.stringify(content));
}

function labelled(options: ServerOptions, label: string): ServerOptions {
  return options.ineffective ? { ...options, ineffective: [label] } : options;
}

function samplesOf(flags: readonly OptionDefinition[], samples: Record<string, Sample>) {
  return flags.map((flag) => [flag.name, flag, samples[flag.name]] as const);
}

describe('every flag', () => {
  test('has a sample below', () => {
    expect(Object.keys(FLAG_SAMPLES).sort()).toEqual(FLAGS.map(({ name }) => name).sort());
    expect(Object.keys(EXTENDED_SAMPLES).sort()).toEqual(EXTENDED_OPTIONS.map(({ name }) => name).sort());
  });

  test.each(samplesOf(FLAGS, FLAG_SAMPLES))(
    '--%s takes a good value and names a bad one',
    (name, flag, { good, bad }) => {
      const label = flag.short ? `-${flag.short}, --${name}` : `--${name}`;
      const parsed = flag.repeats === 'count' ? { [name]: ['', ''] } : { [name]: good[0] };
      const options = optionsOf(parsed);
      expect(options).toEqual(labelled(good[1], label));
      expect(checkServerOptions(options).filter(({ code }) => code !== 'CONFLICT')).toEqual([]);

      if (flag.repeats === 'count') return;
      const { problems } = gather({ [name]: bad });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(label);
      expect(problems[0]).toContain(`allowed: ${flag.allowed}`);
      if (bad !== '') expect(problems[0]).toContain(`"${bad}"`);
    },
  );

  test.each(samplesOf(FLAGS, FLAG_SAMPLES))(
    '--%s can be a variable of the environment',
    (_name, flag, { good, bad }) => {
      const variable = variableOf(flag);
      expect(optionsOf({}, { [variable]: good[0] })).toEqual(labelled(good[1], variable));
      expect(gather({}, { [variable]: bad }).problems).toEqual([
        `${variable}: "${bad}" is not allowed; allowed: ${flag.allowed}`,
      ]);
    },
  );

  test.each(samplesOf(FLAGS, FLAG_SAMPLES))(
    '--%s can be a key of the configuration file',
    (name, flag, { good, bad }) => {
      const label = `/etc/shoal.json, key "${name}"`;
      const { options, problems } = fromFile({ [name]: good[0] });
      expect(problems).toEqual([]);
      expect(options).toEqual(labelled(good[1], label));
      expect(fromFile({ [name]: bad }).problems).toEqual([
        `${label}: "${bad}" is not allowed; allowed: ${flag.allowed}`,
      ]);
    },
  );
});

describe('every extended option', () => {
  test.each(samplesOf(EXTENDED_OPTIONS, EXTENDED_SAMPLES))(
    '-o %s takes a good value and names a bad one',
    (name, _, { good, bad }) => {
      const options = optionsOf({ extended: good[0] });
      expect(options).toEqual(labelled(good[1], `-o ${name}`));
      expect(checkServerOptions(options).filter(({ code }) => code !== 'CONFLICT')).toEqual([]);
      const { problems } = gather({ extended: bad });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`-o ${bad.split('=')[0]}`);
    },
  );

  test.each(EXTENDED_OPTIONS.filter(({ negatedText }) => negatedText !== undefined).map(({ name }) => name))(
    '-o %s can be turned off and on again',
    (name) => {
      const on = optionsOf({ extended: name });
      expect(optionsOf({ extended: `no_${name},${name}` })).toMatchObject(on);
    },
  );

  test('may stand in one list or in several, and the last one wins', () => {
    const given = optionsOf({ extended: ['idle_timeout=3,no_lru_crawler', 'idle_timeout=4,'] });
    expect(given).toEqual({ idleTimeoutSeconds: 4, lruCrawler: false });
  });

  test('may be an empty list, as in memcached', () => {
    expect(optionsOf({ extended: ['', ' ', ','] })).toEqual({});
  });

  test('is told from names of memcached that are not here', () => {
    expect(gather({ extended: 'ssl_key=k,ext_path=p,proxy_config=c,slab_automve=1,lru_crawler=off' }).problems).toEqual(
      [
        '-o ssl_key: TLS comes in a later version of Shoal',
        '-o ext_path: Shoal has no storage on flash',
        '-o proxy_config: Shoal has no Lua proxy',
        '-o slab_automve: is not an extended option; did you mean slab_automove?',
        '-o lru_crawler: "off" is not allowed; lru_crawler takes no value',
      ],
    );
  });

  test('without its value says what is allowed', () => {
    expect(gather({ extended: 'hashpower' }).problems).toEqual([
      '-o hashpower: needs a value; allowed: a whole number from 12 to 28',
    ]);
    expect(optionsOf({ extended: 'slab_automove' })).toEqual({ slabAutomove: 1 });
    expect(optionsOf({ extended: 'no_slab_automove' })).toEqual({ slabAutomove: 0 });
  });
});

describe('the defaults of the tables', () => {
  const shown = [...FLAGS, ...EXTENDED_OPTIONS].filter((flag) => flag.option && flag.default !== undefined);
  const inWords = { listen: [], logLevel: null, hashPower: 0, temporaryTtlSeconds: 61 } as ServerOptions;

  test.each(shown.map((flag) => [flag.name, flag] as const))('of %s is that of the server', (_name, flag) => {
    const option = flag.option as keyof ServerOptions;
    if (option in inWords) {
      expect(SERVER_OPTION_DEFAULTS[option]).toEqual(inWords[option]);
      return;
    }
    const options: ServerOptions = {};
    const draft = { options, udpPort: 0, udpLabel: '', oldChunks: false, ineffective: [] };
    expect(flag.apply(draft, flag.default as string, '')).toBe(true);
    expect(options[option]).toEqual(SERVER_OPTION_DEFAULTS[option]);
  });
});

describe('places that give options', () => {
  const file = () =>
    JSON.stringify({ threads: 1, 'memory-limit': 100, 'conn-limit': 5, listen: ['a', 'b'], daemon: true });

  test('count in the order command line, environment, file, default', () => {
    const environment = { SHOAL_OPT_THREADS: '2', SHOAL_OPT_MEMORY_LIMIT: '200', SHOAL_OPT_DAEMON: 'false' };
    const options = optionsOf({ 'config-file': 'f', threads: '3', listen: ['c', 'd'] }, environment, file);
    expect(options).toEqual({
      threads: 3,
      memoryLimitBytes: 200 * 1024 * 1024,
      maxConnections: 5,
      listen: ['c', 'd'],
      daemon: false,
    });
  });

  test('add up where extended options are concerned', () => {
    const content = () => JSON.stringify({ extended: { idle_timeout: 1, hashpower: 20, lru_crawler: false } });
    const options = optionsOf(
      { 'config-file': 'f', extended: 'idle_timeout=3' },
      { SHOAL_OPT_EXTENDED: 'idle_timeout=2,hashpower=21' },
      content,
    );
    expect(options).toEqual({ idleTimeoutSeconds: 3, hashPower: 21, lruCrawler: false });
  });

  test('may name the configuration file in the environment', () => {
    expect(optionsOf({}, { SHOAL_OPT_CONFIG_FILE: 'f' }, file)).toMatchObject({ threads: 1 });
  });

  test('are all checked, also where another one wins', () => {
    const { problems } = gather({ threads: '3' }, { SHOAL_OPT_THREADS: 'x', SHOAL_OPT_THREDS: '1', OTHER: 'x' });
    expect(problems).toEqual([
      'SHOAL_OPT_THREDS: is not a variable of Shoal; did you mean SHOAL_OPT_THREADS?',
      'SHOAL_OPT_THREADS: "x" is not allowed; allowed: a whole number from 1 to 512',
    ]);
  });

  test('let a flag that is given twice count once', () => {
    expect(optionsOf({ port: ['1', '2'], daemon: ['', ''] })).toEqual({ port: 2, daemon: true });
  });
});

describe('a configuration file', () => {
  test('takes numbers, switches, lists and texts', () => {
    expect(
      fromFile({ port: 0, 'disable-cas': true, 'disable-watch': false, listen: ['::1', 'h:2'], verbose: 2 }).options,
    ).toEqual({ port: null, cas: false, watch: true, listen: ['::1', 'h:2'], verbosity: 2 });
  });

  test.each([
    ['no_lru_crawler,idle_timeout=5'],
    [['no_lru_crawler', 'idle_timeout=5']],
    [{ lru_crawler: false, idle_timeout: '5' }],
  ])('takes the extended options as %j', (extended) => {
    expect(fromFile({ extended }).options).toEqual({ lruCrawler: false, idleTimeoutSeconds: 5 });
  });

  test('names itself and the key in every problem', () => {
    const { problems } = fromFile({
      treads: 2,
      help: true,
      'config-file': 'g',
      'enable-ssl': true,
      port: {},
      threads: [1],
      extended: { idle_timeout: null, modern: 1, turbo: true },
    });
    expect(problems).toEqual([
      '/etc/shoal.json, key "treads": is not a flag; did you mean threads?',
      '/etc/shoal.json, key "help": is not a flag',
      '/etc/shoal.json, key "config-file": is not a flag',
      '/etc/shoal.json, key "enable-ssl": TLS comes in a later version of Shoal',
      '/etc/shoal.json, key "port": {} is not allowed; allowed: 1 to 65535, 0 (off) or -1 (any free port)',
      '/etc/shoal.json, key "threads": [1] is not allowed; allowed: a whole number from 1 to 512',
      '/etc/shoal.json, key "extended" idle_timeout: null is not allowed; allowed: a text, number or boolean',
      '/etc/shoal.json, key "extended" modern: "1" is not allowed; modern takes no value',
      '/etc/shoal.json, key "extended" turbo: is not an extended option',
    ]);
  });

  test.each([
    ['that does not exist', noFile, /cannot read missing\.json: no such file/],
    ['that is not JSON', () => 'threads: 2', /cannot read missing\.json: .*JSON/],
    ['that holds a list', () => '[]', /missing\.json holds no JSON object/],
  ])('%s is named with its flag', (_what, readTextFile, expected) => {
    const { problems } = gather({ 'config-file': 'missing.json' }, {}, readTextFile);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
    expect(problems[0]).toContain('--config-file');
  });

  test('may not give the extended options as a number', () => {
    expect(fromFile({ extended: 5 }).problems).toEqual([
      '/etc/shoal.json, key "extended": 5 is not allowed; allowed: a text, a list or an object',
    ]);
  });
});

describe('flags that are not here yet', () => {
  test.each([
    ['enable-ssl', '', '-Z, --enable-ssl: TLS comes in a later version of Shoal'],
    ['enable-sasl', '', '-S, --enable-sasl: authentication comes in a later version of Shoal'],
    ['auth-file', '/etc/users', '-Y, --auth-file: authentication comes in a later version of Shoal'],
    ['memory-file', '/mnt/m', '-e, --memory-file: warm restart comes in a later version of Shoal'],
    ['udp-port', '11211', '-U, --udp-port: "11211" is not allowed; allowed: 0 (UDP comes in a later version of Shoal)'],
    ['udp-port', '-1', '-U, --udp-port: "-1" is not allowed; allowed: 0 (UDP comes in a later version of Shoal)'],
  ])('--%s=%s is refused with a sentence', (name, text, problem) => {
    expect(gather({ [name]: text }).problems).toEqual([problem]);
    const variable = `SHOAL_OPT_${name.toUpperCase().replace('-', '_')}`;
    expect(gather({}, { [variable]: text }).problems[0]).toContain(variable);
  });
});

describe('flags that decide together', () => {
  test('UDP under --debug-commands opens nothing, is noted, and stands for a TCP port that is not given', () => {
    const debug = { 'debug-commands': '' };
    const note = { debugCommands: true, ineffective: ['-U, --udp-port'] };
    expect(optionsOf({ ...debug, 'udp-port': '4000' })).toEqual({ ...note, port: 4000 });
    expect(optionsOf({ ...debug, 'udp-port': '-1' })).toEqual({ ...note, port: 0 });
    expect(optionsOf({ ...debug, 'udp-port': '4000', port: '0' })).toEqual({ ...note, port: null });
    expect(optionsOf({ ...debug, 'udp-port': '4000', port: '5000' })).toEqual({ ...note, port: 5000 });
    expect(optionsOf({ ...debug, 'udp-port': '0' })).toEqual({ debugCommands: true });
  });

  const old = {
    slabReassign: false,
    slabAutomove: 0,
    maxConnectionsFast: false,
    lruSegmented: false,
    lruMaintainer: false,
    lruCrawler: false,
    hashAlgorithm: 'jenkins',
  };

  test('no_modern brings the old defaults, which later options override', () => {
    expect(optionsOf({ extended: 'no_modern' })).toEqual({ ...old, slabChunkMaxBytes: 1_048_576 });
    expect(optionsOf({ extended: 'lru_crawler,no_modern,lru_maintainer' })).toEqual({
      ...old,
      lruMaintainer: true,
      lruSegmented: true,
      slabChunkMaxBytes: 1_048_576,
    });
  });

  test('no_modern leaves the chunks alone when they are given, or when items may be larger than a page', () => {
    expect(optionsOf({ extended: 'no_modern,slab_chunk_max=4' })).toEqual({ ...old, slabChunkMaxBytes: 4096 });
    expect(optionsOf({ extended: 'slab_chunk_max=4,no_modern' })).toEqual({ ...old, slabChunkMaxBytes: 4096 });
    expect(optionsOf({ extended: 'no_modern', 'max-item-size': '2m' })).toEqual({
      ...old,
      itemSizeMaxBytes: 2_097_152,
    });
  });
});

describe("what the server's own check finds", () => {
  function described(parsed: Flags) {
    const { options, problems, given } = gather(parsed);
    expect(problems).toEqual([]);
    return checkServerOptions(options).map((problem) => describeProblem(problem, given));
  }

  test.each([
    [{ 'max-item-size': '256m' }, '-I, --max-item-size: "256m" is not allowed', 'half of -m, --memory-limit'],
    [{ 'memory-limit': '1' }, '-I, --max-item-size: "1048576" is not allowed', 'half of -m, --memory-limit'],
    [{ 'max-item-size': '1024' }, '-o slab_chunk_max: "524288" is not allowed', '-I, --max-item-size'],
    [{ 'max-item-size': '600k' }, '-I, --max-item-size: "600k" is not allowed', '-o slab_chunk_max'],
    [{ extended: 'slab_chunk_max=3' }, '-o slab_chunk_max: "3" is not allowed', 'divisor of 1048576'],
    [{ extended: 'hot_lru_pct=50' }, '-o hot_lru_pct: "50" is not allowed', '-o warm_lru_pct'],
    [{ extended: 'temporary_ttl=9,no_lru_maintainer' }, '-o temporary_ttl: "9" is not allowed', '-o lru_maintainer'],
    [{ listen: 'one,t w o' }, '-l, --listen: "one,t w o" is not allowed', 'addresses separated by commas'],
  ])('of %j is said in the words of the command line', (parsed, beginning, mention) => {
    const problem = described(parsed).find((text) => text.startsWith(beginning));
    expect(problem).toContain(mention);
  });

  test.each<Flags>([
    { 'max-item-size': '1024', extended: 'slab_chunk_max=1' },
    { 'max-item-size': '512k', extended: 'slab_chunk_max=16' },
    { 'max-item-size': '32m', 'memory-limit': '256' },
    { 'max-item-size': '2097152' },
    { 'memory-limit': '2' },
    { 'memory-limit': '32640', 'max-item-size': '1024m' },
  ])('of %j is nothing', (parsed) => {
    expect(described(parsed)).toEqual([]);
  });
});
