/**
 * The options behind `-o`, as data: memcached 1.6.45's names, units, limits and defaults. A switch also has a form with
 * `no_` in front. Read by the same parsing, help and documentation as the flags (server-flags.ts).
 */
import type { HashAlgorithmChoice, ServerOptions } from '@shoal/server/options';
import {
  ineffectiveOption,
  type OptionDefinition,
  type ServerDraft,
  specialOption,
  switchOption,
  valueOption,
} from './definition.js';
import {
  anyText,
  decimalNumber,
  INT32_MAX,
  KIBIBYTE,
  MEBIBYTE,
  oneOf,
  toggle,
  UINT32_MAX,
  wholeNumber,
} from './value.js';

const HASH_ALGORITHMS = ['jenkins', 'murmur3', 'xxh3'] as const satisfies readonly HashAlgorithmChoice[];
/** The store's; memcached takes up to 32. */
const HASH_POWER_MAX = 28;
const LOG_BUFFER_MAX_KILOBYTES = 1024 * 1024;
const READ_BUFFERS_MAX_MEGABYTES = 65_536;

const SWITCH = { impliedText: 'true', negatedText: 'false' } as const;

const MEMORY: readonly OptionDefinition[] = [
  specialOption({
    ...SWITCH,
    name: 'modern',
    value: toggle,
    group: 'Memory',
    description: "Today's defaults, as without it; no_modern brings back those of memcached 1.4, here and below",
    set(draft, on, label) {
      if (on) draft.ineffective.push(label);
      else useOldDefaults(draft);
    },
  }),
  valueOption({
    name: 'slab_chunk_max',
    argument: 'kilobytes',
    option: 'slabChunkMaxBytes',
    value: wholeNumber({ min: 1, max: 1024, unit: 'kilobytes', factor: KIBIBYTE }),
    default: '512',
    group: 'Memory',
    description: 'Largest chunk; larger items take several. Divides 1024 and -I',
  }),
  switchOption({
    ...SWITCH,
    name: 'slab_reassign',
    option: 'slabReassign',
    sets: true,
    default: 'on',
    group: 'Memory',
    description: 'Pages may move from one size class to another',
  }),
  valueOption({
    name: 'slab_automove',
    argument: 'level',
    impliedText: '1',
    negatedText: '0',
    option: 'slabAutomove',
    value: wholeNumber({ min: 0, max: 2 }),
    default: '1',
    group: 'Memory',
    description: 'Move pages where they are needed: 0 never, 1 by how old items get, 2 at every eviction',
  }),
  valueOption({
    name: 'slab_automove_ratio',
    argument: 'ratio',
    option: 'slabAutomoveRatio',
    value: decimalNumber({ above: 0, atMost: 1 }),
    default: '0.8',
    group: 'Memory',
    description: 'How far apart the ages of two size classes have to be before a page moves',
  }),
  valueOption({
    name: 'slab_automove_window',
    argument: 'samples',
    option: 'slabAutomoveWindow',
    value: wholeNumber({ min: 3, max: 1800 }),
    default: '10',
    group: 'Memory',
    description: 'How many samples are looked at before a page moves',
  }),
  valueOption({
    name: 'hashpower',
    argument: 'power',
    option: 'hashPower',
    value: wholeNumber({ min: 12, max: HASH_POWER_MAX }),
    default: '16',
    group: 'Memory',
    description: 'The hash table starts with 2 to this power buckets, and grows',
  }),
  valueOption({
    name: 'hash_algorithm',
    argument: 'name',
    option: 'hashAlgorithm',
    value: oneOf(HASH_ALGORITHMS),
    default: 'murmur3',
    group: 'Memory',
    description: 'jenkins or murmur3; xxh3 is accepted and stands for murmur3',
  }),
  switchOption({
    ...SWITCH,
    name: 'track_sizes',
    option: 'trackSizes',
    sets: true,
    default: 'off',
    group: 'Memory',
    description: 'Count items by size for stats sizes',
  }),
];

const LRU: readonly OptionDefinition[] = [
  specialOption({
    ...SWITCH,
    name: 'lru_maintainer',
    option: 'lruMaintainer',
    alsoSets: ['lruSegmented'],
    value: toggle,
    default: 'on',
    group: 'LRU',
    description: 'Hot, warm and cold queues, kept in order in the background; off: one queue a size class',
    set(draft, on) {
      draft.options.lruMaintainer = on;
      draft.options.lruSegmented = on;
    },
  }),
  switchOption({
    ...SWITCH,
    name: 'lru_crawler',
    option: 'lruCrawler',
    sets: true,
    default: 'on',
    group: 'LRU',
    description: 'Look for expired items in the background',
  }),
  valueOption({
    name: 'lru_crawler_sleep',
    argument: 'microseconds',
    option: 'lruCrawlerSleepMicroseconds',
    value: wholeNumber({ min: 0, max: 1_000_000, unit: 'microseconds' }),
    default: '100',
    group: 'LRU',
    description: 'Pause of the crawler between items',
  }),
  valueOption({
    name: 'lru_crawler_tocrawl',
    argument: 'items',
    option: 'lruCrawlerToCrawl',
    value: wholeNumber({ min: 0, max: UINT32_MAX }),
    default: '0',
    group: 'LRU',
    description: 'Items that one run of the crawler looks at in a size class; 0: all',
  }),
  valueOption({
    name: 'hot_lru_pct',
    argument: 'percent',
    option: 'hotLruPercent',
    value: wholeNumber({ min: 1, max: 79, unit: 'percent' }),
    default: '20',
    group: 'LRU',
    description: 'Share of the hot queue; hot and warm together at most 80',
  }),
  valueOption({
    name: 'warm_lru_pct',
    argument: 'percent',
    option: 'warmLruPercent',
    value: wholeNumber({ min: 1, max: 79, unit: 'percent' }),
    default: '40',
    group: 'LRU',
    description: 'Share of the warm queue',
  }),
  valueOption({
    name: 'hot_max_factor',
    argument: 'factor',
    option: 'hotMaxFactor',
    value: decimalNumber({ above: 0 }),
    default: '0.2',
    group: 'LRU',
    description: 'Items idle for longer than this times the age of the cold queue leave the hot one',
  }),
  valueOption({
    name: 'warm_max_factor',
    argument: 'factor',
    option: 'warmMaxFactor',
    value: decimalNumber({ above: 0 }),
    default: '2',
    group: 'LRU',
    description: 'The same for the warm queue',
  }),
  specialOption({
    name: 'temporary_ttl',
    argument: 'seconds',
    option: 'temporaryTtlSeconds',
    alsoSets: ['temporaryLru'],
    value: wholeNumber({ min: 0, max: INT32_MAX, unit: 'seconds' }),
    default: 'off',
    group: 'LRU',
    description: 'Items that live no longer than this have a queue of their own and are never evicted',
    set(draft, seconds) {
      draft.options.temporaryLru = true;
      draft.options.temporaryTtlSeconds = seconds;
    },
  }),
];

const CONNECTIONS: readonly OptionDefinition[] = [
  valueOption({
    name: 'idle_timeout',
    argument: 'seconds',
    option: 'idleTimeoutSeconds',
    value: wholeNumber({ min: 0, max: INT32_MAX, unit: 'seconds' }),
    default: '0',
    group: 'Connections and threads',
    description: 'Close connections that were silent for this long; 0: never',
  }),
  switchOption({
    ...SWITCH,
    name: 'maxconns_fast',
    option: 'maxConnectionsFast',
    sets: true,
    default: 'on',
    group: 'Connections and threads',
    description: 'Past -c, answer an error and close; off: let new connections wait',
  }),
  valueOption({
    name: 'read_buf_mem_limit',
    argument: 'megabytes',
    option: 'readBufferMemoryLimitBytes',
    value: wholeNumber({ min: 0, max: READ_BUFFERS_MAX_MEGABYTES, unit: 'megabytes', factor: MEBIBYTE }),
    default: '0',
    group: 'Connections and threads',
    description: 'Most memory for what connections have read or still have to send; 0: no limit',
  }),
];

const LOG: readonly OptionDefinition[] = [
  valueOption({
    name: 'watcher_logbuf_size',
    argument: 'kilobytes',
    option: 'watcherLogBufferBytes',
    value: wholeNumber({ min: 1, max: LOG_BUFFER_MAX_KILOBYTES, unit: 'kilobytes', factor: KIBIBYTE }),
    default: '256',
    group: 'Log',
    description: 'Buffer of each client that watches',
  }),
  valueOption({
    name: 'worker_logbuf_size',
    argument: 'kilobytes',
    option: 'workerLogBufferBytes',
    value: wholeNumber({ min: 1, max: LOG_BUFFER_MAX_KILOBYTES, unit: 'kilobytes', factor: KIBIBYTE }),
    default: '64',
    group: 'Log',
    description: 'Buffer of each worker thread for what watchers will read',
  }),
];

const ACCEPTED: readonly OptionDefinition[] = [
  ineffectiveOption({
    name: 'no_hashexpand',
    impliedText: 'true',
    group: 'Accepted without effect',
    description: 'The hash table always grows',
  }),
  ineffectiveOption({
    name: 'tail_repair_time',
    argument: 'seconds',
    value: wholeNumber({ min: 10, max: INT32_MAX, unit: 'seconds' }),
    group: 'Accepted without effect',
    description: 'No item can be lost at the end of a queue',
  }),
  ineffectiveOption({
    name: 'resp_obj_mem_limit',
    argument: 'megabytes',
    impliedText: 'unlimited',
    value: anyText,
    group: 'Accepted without effect',
    description: 'Replaced by read_buf_mem_limit, in memcached as well',
  }),
  ...(
    [
      ['inline_ascii_resp', 'Replies are always composed when asked for'],
      ['drop_privileges', 'There is no system call filter'],
      ['relaxed_privileges', 'There is no system call filter to relax'],
    ] as const
  ).map(([name, description]) => ineffectiveOption({ ...SWITCH, name, description, group: 'Accepted without effect' })),
];

export const EXTENDED_OPTIONS: readonly OptionDefinition[] = [...MEMORY, ...LRU, ...CONNECTIONS, ...LOG, ...ACCEPTED];

const BY_NAME = new Map(EXTENDED_OPTIONS.map((option) => [option.name, option]));

/** What a name behind `-o` means: an option, or with `no_` in front a switch turned off; undefined when it is neither. */
export function findExtendedOption(name: string): { option: OptionDefinition; negated: boolean } | undefined {
  const option = BY_NAME.get(name);
  if (option) return { option, negated: false };
  const switched = name.startsWith('no_') ? BY_NAME.get(name.slice(3)) : undefined;
  return switched?.negatedText === undefined ? undefined : { option: switched, negated: true };
}

/** Every name that may stand behind `-o`. */
export function extendedNames(): string[] {
  return EXTENDED_OPTIONS.flatMap(({ name, negatedText }) =>
    negatedText === undefined ? [name] : [name, `no_${name}`],
  );
}

/** Why a name of memcached's is not an option here, undefined for names that memcached does not know either. */
export function extendedRefusal(name: string): string | undefined {
  if (name.startsWith('ssl_')) return 'TLS comes in a later version of Shoal';
  if (name.startsWith('ext_')) return 'Shoal has no storage on flash';
  if (name.startsWith('proxy_')) return 'Shoal has no Lua proxy';
  return undefined;
}

/** `no_modern`: the defaults of memcached 1.4. Options that come later in the list win over it. */
function useOldDefaults(draft: ServerDraft): void {
  draft.oldChunks = true;
  Object.assign(draft.options, {
    slabReassign: false,
    slabAutomove: 0,
    maxConnectionsFast: false,
    lruSegmented: false,
    lruMaintainer: false,
    lruCrawler: false,
    hashAlgorithm: 'jenkins',
  } satisfies ServerOptions);
}
