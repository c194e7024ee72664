/**
 * The bounds of what may be asked of a pool, in one place: requests (api/shapes.ts, cluster-changes.ts), options of the daemon
 * (options.ts), registrations and what the registry reads are all held to these.
 */
export const NODES_MAX = 40;
export const CLUSTER_ID_BYTES_MAX = 50;
export const PORT_MAX = 65_535;
export const MEMORY_MEGABYTES_MAX = 32_640;
export const THREADS_MAX = 64;
export const DRAIN_SECONDS_MAX = 86_400;
export const DRAIN_MS_MAX = DRAIN_SECONDS_MAX * 1000;
/** A node keeps at most 16 configurations; each list of a listener is one. */
export const LISTENERS_MAX = 8;
/** A registered node has to be heard of several times before its silence counts against it. */
export const HEARTBEAT_MS = { least: 100, most: 4_000 } as const;
