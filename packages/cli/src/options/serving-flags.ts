/**
 * The flags of `shoal server` that shape how it serves: sockets, memory, threads, commands. memcached 1.6.45's names,
 * meanings, units and defaults, and Shoal's own. One half of SERVER_FLAGS; process-flags.ts is the other.
 */
import type { ProtocolChoice, TransportChoice } from '@shoal/server/options';
import { type OptionDefinition, specialOption, switchOption, valueOption } from './definition.js';
import {
  addressList,
  decimalNumber,
  INT32_MAX,
  MEBIBYTE,
  oneCharacter,
  oneOf,
  orWord,
  permissionBits,
  size,
  tcpPort,
  unixSocketPath,
  wholeNumber,
} from './value.js';

const ITEM_SIZE_MIN_BYTES = 1024;
const ITEM_SIZE_MAX_BYTES = 1024 * MEBIBYTE;
/** What 32-bit item references in units of 8 bytes reach, less what the store needs itself (docs/memory-layout.md). */
const MEMORY_MAX_MEGABYTES = 32_640;
const THREADS_MAX = 512;
const CONNECTIONS_MAX = 4_000_000;

const PROTOCOLS = ['auto', 'ascii', 'binary'] as const satisfies readonly ProtocolChoice[];
const TRANSPORTS = ['auto', 'uring', 'epoll', 'net'] as const satisfies readonly TransportChoice[];
const NETWORK: readonly OptionDefinition[] = [
  valueOption({
    name: 'port',
    short: 'p',
    argument: 'port',
    option: 'port',
    value: tcpPort,
    default: '11211',
    group: 'Network',
    description: 'TCP port; 0 opens none, -1 takes any free one',
  }),
  valueOption({
    name: 'listen',
    short: 'l',
    argument: 'addresses',
    option: 'listen',
    value: addressList,
    default: 'every interface',
    repeats: 'list',
    group: 'Network',
    description:
      'Where to listen for TCP: host, host:port or [IPv6]:port, several with commas or by repeating the flag',
  }),
  valueOption({
    name: 'unix-socket',
    short: 's',
    argument: 'path',
    option: 'unixSocket',
    value: unixSocketPath,
    group: 'Network',
    description: 'Listen on this unix socket, and not on TCP',
  }),
  valueOption({
    name: 'unix-mask',
    short: 'a',
    argument: 'octal',
    option: 'unixMask',
    value: permissionBits,
    default: '700',
    group: 'Network',
    description: 'Permissions of the unix socket',
  }),
  valueOption({
    name: 'listen-backlog',
    short: 'b',
    argument: 'number',
    option: 'backlog',
    value: wholeNumber({ min: 1, max: INT32_MAX }),
    default: '1024',
    group: 'Network',
    description: 'How many connections may wait in the kernel to be accepted',
  }),
  valueOption({
    name: 'protocol',
    short: 'B',
    argument: 'name',
    option: 'protocol',
    value: oneOf(PROTOCOLS),
    default: 'auto',
    group: 'Network',
    description: 'What clients speak: ascii (text and meta), binary, or auto: the first byte of a connection decides',
  }),
  valueOption({
    name: 'transport',
    argument: 'name',
    option: 'transport',
    value: oneOf(TRANSPORTS),
    default: 'auto',
    own: 'flag',
    group: 'Network',
    description:
      'What drives the sockets: uring (Linux 6.1, io_uring), epoll (Linux), net (everywhere), or auto: the first that works',
  }),
];

const MEMORY: readonly OptionDefinition[] = [
  valueOption({
    name: 'memory-limit',
    short: 'm',
    argument: 'megabytes',
    option: 'memoryLimitBytes',
    value: orWord('auto', wholeNumber({ min: 1, max: MEMORY_MAX_MEGABYTES, unit: 'megabytes', factor: MEBIBYTE })),
    default: '64',
    group: 'Memory',
    description: 'Memory for items; auto: what fits the limit of the container or service that it runs in',
  }),
  switchOption({
    name: 'disable-evictions',
    short: 'M',
    option: 'evictions',
    sets: false,
    group: 'Memory',
    description: 'When memory is full, answer an error instead of evicting items',
  }),
  valueOption({
    name: 'max-item-size',
    short: 'I',
    argument: 'size',
    option: 'itemSizeMaxBytes',
    value: size({
      min: ITEM_SIZE_MIN_BYTES,
      max: ITEM_SIZE_MAX_BYTES,
      said: 'a number of bytes from 1024 to 1073741824, or with the suffix k or m, such as 512k or 8m',
    }),
    default: '1m',
    group: 'Memory',
    description: 'Largest item: from 1k to 1024m, at most half of -m, a multiple of -o slab_chunk_max',
  }),
  valueOption({
    name: 'slab-growth-factor',
    short: 'f',
    argument: 'factor',
    option: 'growthFactor',
    value: decimalNumber({ above: 1 }),
    default: '1.25',
    group: 'Memory',
    description: 'How much larger the chunks of a size class are than those of the class before',
  }),
  valueOption({
    name: 'slab-min-size',
    short: 'n',
    argument: 'bytes',
    option: 'minSizeBytes',
    value: wholeNumber({ min: 1, max: MEBIBYTE, unit: 'bytes' }),
    default: '48',
    group: 'Memory',
    description: 'Room for key, value and client flags in the smallest size class',
  }),
  switchOption({
    name: 'disable-cas',
    short: 'C',
    option: 'cas',
    sets: false,
    group: 'Memory',
    description: 'Give items no CAS numbers',
  }),
];

const THREADS: readonly OptionDefinition[] = [
  valueOption({
    name: 'threads',
    short: 't',
    argument: 'number',
    option: 'threads',
    value: wholeNumber({ min: 1, max: THREADS_MAX }),
    default: '4',
    group: 'Connections and threads',
    description: 'Worker threads; as many as the machine has cores is a good number',
  }),
  valueOption({
    name: 'conn-limit',
    short: 'c',
    argument: 'number',
    option: 'maxConnections',
    value: wholeNumber({ min: 1, max: CONNECTIONS_MAX }),
    default: '1024',
    group: 'Connections and threads',
    description: 'Most connections at one time',
  }),
  valueOption({
    name: 'max-reqs-per-event',
    short: 'R',
    argument: 'number',
    option: 'requestsPerEvent',
    value: wholeNumber({ min: 1, max: INT32_MAX }),
    default: '20',
    group: 'Connections and threads',
    description: 'Commands that one connection may run before the others have their turn',
  }),
];

const COMMANDS: readonly OptionDefinition[] = [
  switchOption({
    name: 'enable-shutdown',
    short: 'A',
    option: 'shutdownCommand',
    sets: true,
    group: 'Commands that clients may use',
    description: 'Let clients stop the server with the command shutdown',
  }),
  switchOption({
    name: 'disable-flush-all',
    short: 'F',
    option: 'flushAll',
    sets: false,
    group: 'Commands that clients may use',
    description: 'Refuse the command flush_all',
  }),
  switchOption({
    name: 'disable-dumping',
    short: 'X',
    option: 'dumping',
    sets: false,
    group: 'Commands that clients may use',
    description: 'Refuse the commands that list keys: stats cachedump, stats detail, lru_crawler metadump and mgdump',
  }),
  switchOption({
    name: 'disable-watch',
    short: 'W',
    option: 'watch',
    sets: false,
    group: 'Commands that clients may use',
    description: 'Refuse the command watch',
  }),
  specialOption({
    name: 'prefix-delimiter',
    short: 'D',
    own: 'long name',
    argument: 'char',
    option: 'prefixDelimiter',
    alsoSets: ['statsDetail'],
    value: oneCharacter,
    default: ':',
    group: 'Commands that clients may use',
    description: 'What ends the prefix of a key in stats detail, which this flag also switches on',
    set(draft, character) {
      draft.options.prefixDelimiter = character;
      draft.options.statsDetail = true;
    },
  }),
  switchOption({
    name: 'debug-commands',
    option: 'debugCommands',
    sets: true,
    own: 'flag',
    group: 'Commands that clients may use',
    description: 'Allow debugtime, which moves the clock: for tests only',
  }),
];

export const SERVING_FLAGS: readonly OptionDefinition[] = [...NETWORK, ...MEMORY, ...THREADS, ...COMMANDS];
