/**
 * The flags of `shoal server` that concern its membership of a cluster, its log and its process, those accepted without effect, the questions, and
 * those refused. One half of SERVER_FLAGS; serving-flags.ts is the other.
 */
import type { LogLevel } from '@shoal/server/options';
import {
  ineffectiveOption,
  type OptionDefinition,
  plainFlag,
  refusedOption,
  specialOption,
  switchOption,
  valueOption,
} from './definition.js';
import { anyText, commaList, INT32_MAX, oneOf, verbosityLevel, wholeNumber } from './value.js';

const LOG_LEVELS = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] as const satisfies readonly LogLevel[];

const LOG: readonly OptionDefinition[] = [
  valueOption({
    name: 'verbose',
    short: 'v',
    option: 'verbosity',
    value: verbosityLevel,
    default: '0',
    repeats: 'count',
    group: 'Log',
    description: 'Log more; -vv and -vvv even more',
  }),
  valueOption({
    name: 'log-level',
    argument: 'level',
    option: 'logLevel',
    value: oneOf(LOG_LEVELS),
    default: 'info, with -v debug, with -vv trace',
    own: 'flag',
    group: 'Log',
    description: 'Least level that is logged: trace, debug, info, warn, error, fatal or silent',
  }),
];

const MEMBERSHIP: readonly OptionDefinition[] = [
  valueOption({
    name: 'pool',
    argument: 'addresses',
    option: 'poolAddresses',
    value: commaList('host:port of a pool daemon, several with commas'),
    own: 'flag',
    repeats: 'list',
    group: 'Membership of a cluster',
    description: 'Register with the pool daemons that take registrations here, and leave on SIGTERM',
  }),
  valueOption({
    name: 'cluster',
    argument: 'id',
    option: 'clusterId',
    value: { ...anyText, allowed: 'the name of a cluster' },
    own: 'flag',
    group: 'Membership of a cluster',
    description: 'The cluster to join',
  }),
  valueOption({
    name: 'advertise',
    argument: 'addresses',
    option: 'advertise',
    value: commaList('host:port, or listener=host:port, several with commas'),
    own: 'flag',
    repeats: 'list',
    group: 'Membership of a cluster',
    description:
      'Where clients reach this node, else its host name and first port; LISTENER=host:port for those that come in through the listener on that port',
  }),
];

const PROCESS: readonly OptionDefinition[] = [
  switchOption({
    name: 'daemon',
    short: 'd',
    option: 'daemon',
    sets: true,
    group: 'Process',
    description: 'Run in the background; the command returns once the server listens',
  }),
  valueOption({
    name: 'pidfile',
    short: 'P',
    argument: 'path',
    option: 'pidFile',
    value: anyText,
    group: 'Process',
    description: 'Write the process id to this file once the server listens; removed at the end with -d',
  }),
  valueOption({
    name: 'user',
    short: 'u',
    argument: 'name',
    option: 'user',
    value: anyText,
    group: 'Process',
    description: 'When started as root, become this user once the sockets are open',
  }),
  switchOption({
    name: 'enable-coredumps',
    short: 'r',
    option: 'coreDumps',
    sets: true,
    group: 'Process',
    description: 'Raise the limit of core files as far as the system allows',
  }),
  plainFlag({
    name: 'extended',
    short: 'o',
    argument: 'options',
    allowed: 'names and name=value, separated by commas',
    repeats: 'list',
    group: 'Process',
    description: 'Extended options, separated by commas: see below',
  }),
  plainFlag({
    name: 'config-file',
    argument: 'path',
    own: 'flag',
    group: 'Process',
    description: 'Read flags from this JSON file, keys named as the long flags: {"memory-limit": 1024}',
  }),
];

const ACCEPTED: readonly OptionDefinition[] = [
  ineffectiveOption({
    name: 'lock-memory',
    short: 'k',
    group: 'Accepted without effect',
    description: 'Keep memory from being paged out',
  }),
  ineffectiveOption({
    name: 'enable-largepages',
    short: 'L',
    group: 'Accepted without effect',
    description: 'Use large memory pages: always asked for, where the kernel has them',
  }),
  ineffectiveOption({
    name: 'napi-ids',
    short: 'N',
    argument: 'number',
    value: wholeNumber({ min: 1, max: INT32_MAX }),
    group: 'Accepted without effect',
    description: 'Choose threads by NAPI id',
  }),
  specialOption({
    name: 'udp-port',
    short: 'U',
    argument: 'port',
    value: wholeNumber({ min: -1, max: 65_535 }),
    default: '0',
    group: 'Accepted without effect',
    description: 'Only 0, off: UDP comes in a later version',
    set(draft, port, label) {
      draft.udpPort = port;
      draft.udpLabel = label;
    },
  }),
];

const INFORMATION: readonly OptionDefinition[] = (
  [
    ['help', 'h', 'Print this page'],
    ['version', 'V', 'Print the versions: of the behaviour, and of Shoal'],
    ['license', 'i', 'Print the license'],
  ] as const
).map(([name, short, description]) =>
  plainFlag({ name, short, description, group: 'Information', commandLineOnly: true }),
);

/** Known, so that refusing them is a sentence; never in help, where "names only what works" holds. */
const REFUSED: readonly OptionDefinition[] = [
  refusedOption({ name: 'enable-ssl', short: 'Z', refusal: 'TLS comes in a later version of Shoal' }),
  refusedOption({ name: 'enable-sasl', short: 'S', refusal: 'authentication comes in a later version of Shoal' }),
  refusedOption({
    name: 'auth-file',
    short: 'Y',
    argument: 'path',
    refusal: 'authentication comes in a later version of Shoal',
  }),
  refusedOption({
    name: 'memory-file',
    short: 'e',
    argument: 'path',
    refusal: 'warm restart comes in a later version of Shoal',
  }),
];

export const PROCESS_FLAGS: readonly OptionDefinition[] = [
  ...MEMBERSHIP,
  ...LOG,
  ...PROCESS,
  ...ACCEPTED,
  ...INFORMATION,
  ...REFUSED,
];
