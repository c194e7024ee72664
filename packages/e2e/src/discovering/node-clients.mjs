/*
 * The Node.js clients of client-process.mjs, each behind the same few calls: get and set as promises, the list of nodes
 * it works with (null where it only knows the endpoint), and `discover` where it does not follow by itself.
 * A client's own second tries are off, so that every failure shows.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createFollowingClient } from '@shoal/client/memjs';

const POLL_MS = 1000;
const LIFETIME_SECONDS = 1000;
const TIMEOUT_MS = 60_000;
const MEMCACHED_OPTIONS = { timeout: TIMEOUT_MS, idle: TIMEOUT_MS, retries: 0, failures: 0 };
const MEMJS_OPTIONS = { timeout: TIMEOUT_MS / 1000, retries: 0, logger: { log: () => undefined } };

const require = createRequire(import.meta.url);

export const CLIENTS = {
  'memcached-elasticache': async (endpoint) => {
    const Discovering = require('memcached-elasticache');
    const client = new Discovering(endpoint, { ...MEMCACHED_OPTIONS, autoDiscoverInterval: POLL_MS });
    const failures = [];
    client.on('autoDiscoverFailure', (error) => failures.push(`discovery: ${error.message ?? error}`));
    let [nodes] = await once(client, 'autoDiscover');
    client.on('autoDiscover', (discovered) => {
      nodes = discovered;
    });
    return { ...callsOf(client), nodes: () => nodes, failures: () => failures };
  },
  'elasticache-client': (endpoint) => {
    const Discovering = require('elasticache-client');
    const client = new Discovering(endpoint, { autodiscovery: true, update_time: POLL_MS }, MEMCACHED_OPTIONS);
    return { ...callsOf(client), nodes: () => client.memcached.servers };
  },
  ecad: async (endpoint) => {
    const Discovery = require('ecad');
    const Memcached = require('memcached');
    let nodes = [];
    let calls = null;
    const discover = async () => {
      nodes = await answered((done) => new Discovery({ endpoints: endpoint }).fetch(done));
      calls = callsOf(new Memcached(nodes, MEMCACHED_OPTIONS));
    };
    await discover();
    return { get: (key) => calls.get(key), set: (key, value) => calls.set(key, value), nodes: () => nodes, discover };
  },
  'memjs-following': async (endpoint) => {
    const memjs = require('memjs');
    const options = { intervalMs: POLL_MS, memjs: MEMJS_OPTIONS };
    const { client } = await createFollowingClient(memjs.Client.create, endpoint, options);
    const nodes = () => client.servers.map(({ host, port }) => `${host}:${port}`);
    return { ...memjsCalls(client), nodes };
  },
  memjs: (endpoint) => ({ ...memjsCalls(require('memjs').Client.create(endpoint, MEMJS_OPTIONS)), nodes: () => null }),
  memcached: (endpoint) => {
    const Memcached = require('memcached');
    return { ...callsOf(new Memcached(endpoint, MEMCACHED_OPTIONS)), nodes: () => null };
  },
};

/** For npm memcached and those built on it. The methods are looked up at each call: one of them exchanges them. */
function callsOf(client) {
  return {
    get: async (key) => (await answered((done) => client.get(key, done))) || null,
    set: (key, value) => answered((done) => client.set(key, value, LIFETIME_SECONDS, done)),
  };
}

function memjsCalls(client) {
  return {
    get: async (key) => (await client.get(key)).value?.toString() ?? null,
    set: (key, value) => client.set(key, value, { expires: LIFETIME_SECONDS }),
  };
}

function answered(start) {
  return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
}
