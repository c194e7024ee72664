/**
 * What a server can be told: every option with its unit and default, for library users and for the command line alike.
 *
 * `startServer` and the CLI pass only what was given; `resolveServerOptions` (option-checks.ts) checks it once, at the door,
 * and fills in the defaults below, which are memcached 1.6.45's. Nothing behind the door checks an option again.
 * This file imports nothing: the CLI reads the defaults from here for its help.
 */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const TRANSPORT_CHOICES = ['auto', 'uring', 'epoll', 'net'] as const;
export type TransportChoice = (typeof TRANSPORT_CHOICES)[number];
export const PROTOCOL_CHOICES = ['auto', 'ascii', 'binary'] as const;
export type ProtocolChoice = (typeof PROTOCOL_CHOICES)[number];
export const HASH_ALGORITHMS = ['jenkins', 'murmur3', 'xxh3'] as const;
export type HashAlgorithmChoice = (typeof HASH_ALGORITHMS)[number];

export interface ServerOptions {
  // Where it listens

  /** TCP port, 0 to 65535; 0 is any free port, null is no TCP at all. Default 11211. `-p`, where 0 means none and -1 any. */
  port?: number | null;
  /** TCP addresses, each `host`, `host:port`, `[v6]:port` or a bare IPv6 address; empty is every interface. Default []. `-l` */
  listen?: readonly string[];
  /** Path of a unix socket; with one there is no TCP. Default null. `-s` */
  unixSocket?: string | null;
  /** Permission bits of the unix socket, 0 to 0o777. Default 0o700. `-a` */
  unixMask?: number;
  /** Length of the kernel's queue of connections that are not accepted yet, from 1. Default 1024. `-b` */
  backlog?: number;
  /** Dialects that a connection may speak; 'auto' looks at its first byte. Default 'auto'. `-B` */
  protocol?: ProtocolChoice;
  /** What drives the sockets; 'auto' is the fastest that works here: uring (io_uring), else epoll, else net. Default 'auto'. `--transport` */
  transport?: TransportChoice;

  // Memory for items

  /**
   * Memory for items, in bytes: 1 MiB to 32,640 MiB; 'auto' takes what fits the limit that the process runs under
   * (memory-limit.ts). Default 67108864 (64 MiB). `-m` in megabytes
   */
  memoryLimitBytes?: number | 'auto';
  /** False: a full cache answers an error instead of evicting. Default true. `-M` */
  evictions?: boolean;
  /** Largest item in bytes, header and key included: 1024 to 1 GiB. Default 1048576. `-I` */
  itemSizeMaxBytes?: number;
  /** Items above this many bytes are kept in several chunks: 1024 to 1 MiB. Default 524288. `-o slab_chunk_max` in kilobytes */
  slabChunkMaxBytes?: number;
  /** Factor from one size class to the next, above 1. Default 1.25. `-f` */
  growthFactor?: number;
  /** Smallest space for key, value and flags, in bytes, from 1. Default 48. `-n` */
  minSizeBytes?: number;
  /** Compare-and-swap numbers on items. Default true. `-C` */
  cas?: boolean;
  /** Pages may move between size classes. Default true. `-o slab_reassign` */
  slabReassign?: boolean;
  /** 0 moves no pages by itself, 1 does, 2 does so at every eviction. Default 1. `-o slab_automove` */
  slabAutomove?: number;
  /** Ratio above 0, up to 1. Default 0.8. `-o slab_automove_ratio` */
  slabAutomoveRatio?: number;
  /** Decisions that are looked back at: 3 to 1800. Default 10. `-o slab_automove_window` */
  slabAutomoveWindow?: number;
  /** First size of the hash table as a power of two: 12 to 28; 0 is 16. Default 0. `-o hashpower` */
  hashPower?: number;
  /** Default 'murmur3'; 'xxh3' is taken and works as murmur3. `-o hash_algorithm` */
  hashAlgorithm?: HashAlgorithmChoice;
  /** Keeps the histogram behind `stats sizes`. Default false. `-o track_sizes` */
  trackSizes?: boolean;

  // Least recently used

  /** Hot, warm and cold queues; false: one queue a size class. Default true. `-o no_lru_maintainer` */
  lruSegmented?: boolean;
  /** Moves items between those queues. Default true. `-o lru_maintainer` */
  lruMaintainer?: boolean;
  /** Looks for expired items. Default true. `-o lru_crawler` */
  lruCrawler?: boolean;
  /** Microseconds of pause between items, 0 to 1000000. Default 100. `-o lru_crawler_sleep` */
  lruCrawlerSleepMicroseconds?: number;
  /** Items a run looks at in one class; 0 is all. Default 0. `-o lru_crawler_tocrawl` */
  lruCrawlerToCrawl?: number;
  /** Share of the hot queue in percent, 1 to 79. Default 20. `-o hot_lru_pct` */
  hotLruPercent?: number;
  /** Share of the warm queue in percent, 1 to 79. Default 40. `-o warm_lru_pct` */
  warmLruPercent?: number;
  /** Age limit of the hot queue as a factor of the cold queue's age, above 0. Default 0.2. `-o hot_max_factor` */
  hotMaxFactor?: number;
  /** Age limit of the warm queue as a factor of the cold queue's age, above 0. Default 2. `-o warm_max_factor` */
  warmMaxFactor?: number;
  /** Short-lived items get a queue of their own. Default false. `-o temporary_ttl` */
  temporaryLru?: boolean;
  /** What short-lived means, in seconds. Default 61. `-o temporary_ttl` */
  temporaryTtlSeconds?: number;

  // Connections and threads

  /** Worker threads, 1 to 512. Default 4. `-t` */
  threads?: number;
  /** Most connections at one time, from 1. Default 1024. `-c` */
  maxConnections?: number;
  /** Past that: true answers an error and closes, false stops accepting. Default true. `-o maxconns_fast` */
  maxConnectionsFast?: boolean;
  /** Seconds after which a silent connection is closed; 0 is never. Default 0. `-o idle_timeout` */
  idleTimeoutSeconds?: number;
  /** Commands of one connection before the others get their turn, from 1. Default 20. `-R` */
  requestsPerEvent?: number;
  /** Limit of what all connections hold of requests, in bytes; 0 is none. Default 0. `-o read_buf_mem_limit` in megabytes */
  readBufferMemoryLimitBytes?: number;

  // Commands that can be switched

  /** `flush_all`. Default true. `-F` */
  flushAll?: boolean;
  /** cachedump, stats detail, metadump, mgdump. Default true. `-X` */
  dumping?: boolean;
  /** `watch`. Default true. `-W` */
  watch?: boolean;
  /** `shutdown`. Default false. `-A` */
  shutdownCommand?: boolean;
  /** memcached's debug-only `debugtime`. Default false. `--debug-commands` */
  debugCommands?: boolean;
  /** One ASCII character between a key's prefix and the rest, for `stats detail`. Default ':'. `-D` */
  prefixDelimiter?: string;
  /** `stats detail` is on from the start. Default false. `-D` */
  statsDetail?: boolean;

  // The cluster that the node belongs to

  /**
   * 32 lower-case hex digits that whoever started the node for a pool gives it: then only who knows them may change its
   * discovery configurations. Default null: anyone may. SHOAL_CLUSTER_SECRET; never a flag, because `ps` shows those.
   */
  clusterSecret?: string | null;
  /**
   * Registration listeners of the pool daemons, each `host:port`, for a node that joins a cluster by itself. It is managed
   * from the start, and gets its secret when it has registered. `runServer` does that, not `startServer`. Default []. `--pool`
   */
  poolAddresses?: readonly string[];
  /** The cluster to join; needs `poolAddresses`. Default null. `--cluster` */
  clusterId?: string | null;
  /**
   * Where clients reach the node: `host:port`, and `listener=host:port` for those that come in through the listener on
   * that port. Default []: the host's name and the first port. `--advertise`
   */
  advertise?: readonly string[];
  /** What the pool asks of nodes that register. Default null. SHOAL_POOL_TOKEN; never a flag. */
  poolToken?: string | null;

  // The log, and watch

  /** memcached's verbosity, 0 to 3. Default 0. `-v`, `-vv`, `-vvv` */
  verbosity?: number;
  /** Least level that is logged. Default by verbosity: 0 'info', 1 'debug', from 2 'trace'. `--log-level` */
  logLevel?: LogLevel | null;
  /** Buffer of one watcher in bytes, from 1024. Default 262144. `-o watcher_logbuf_size` in kilobytes */
  watcherLogBufferBytes?: number;
  /** Buffer of one worker in bytes, from 1024. Default 65536. `-o worker_logbuf_size` in kilobytes */
  workerLogBufferBytes?: number;

  // The process: for `runServer`. `startServer` changes neither user nor limits nor files for its caller

  /** User to become once the sockets are bound. Default null. `-u` */
  user?: string | null;
  /** Goes to the background; the parent leaves when the child listens. Default false. `-d` */
  daemon?: boolean;
  /** File for the process id, written once the node listens, removed at exit with `daemon` only. Default null. `-P` */
  pidFile?: string | null;
  /** Raises the limit on core files. Default false. `-r` */
  coreDumps?: boolean;
  /** Flags that were accepted and change nothing, as the user wrote them; the log says so. Default []. */
  ineffective?: readonly string[];
}

/** Every option present: what the server works with. */
export type ResolvedServerOptions = Readonly<Required<ServerOptions>> & { readonly memoryLimitBytes: number };

export const SERVER_OPTION_DEFAULTS: ResolvedServerOptions = {
  port: 11211,
  listen: [],
  unixSocket: null,
  unixMask: 0o700,
  backlog: 1024,
  protocol: 'auto',
  transport: 'auto',
  memoryLimitBytes: 67_108_864,
  evictions: true,
  itemSizeMaxBytes: 1_048_576,
  slabChunkMaxBytes: 524_288,
  growthFactor: 1.25,
  minSizeBytes: 48,
  cas: true,
  slabReassign: true,
  slabAutomove: 1,
  slabAutomoveRatio: 0.8,
  slabAutomoveWindow: 10,
  hashPower: 0,
  hashAlgorithm: 'murmur3',
  trackSizes: false,
  lruSegmented: true,
  lruMaintainer: true,
  lruCrawler: true,
  lruCrawlerSleepMicroseconds: 100,
  lruCrawlerToCrawl: 0,
  hotLruPercent: 20,
  warmLruPercent: 40,
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  temporaryLru: false,
  temporaryTtlSeconds: 61,
  threads: 4,
  maxConnections: 1024,
  maxConnectionsFast: true,
  idleTimeoutSeconds: 0,
  requestsPerEvent: 20,
  readBufferMemoryLimitBytes: 0,
  flushAll: true,
  dumping: true,
  watch: true,
  shutdownCommand: false,
  debugCommands: false,
  prefixDelimiter: ':',
  statsDetail: false,
  clusterSecret: null,
  poolAddresses: [],
  clusterId: null,
  advertise: [],
  poolToken: null,
  verbosity: 0,
  logLevel: null,
  watcherLogBufferBytes: 262_144,
  workerLogBufferBytes: 65_536,
  user: null,
  daemon: false,
  pidFile: null,
  coreDumps: false,
  ineffective: [],
};
