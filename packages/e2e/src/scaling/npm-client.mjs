/*
 * A process that works with a client from npm until it is told to stop: `discovering`, memcached-elasticache that asks for the
 * nodes every second, or `plain`, memcached that knows the endpoint alone. Forked by load.ts; answers each message with its
 * counts. Second tries are off, so that every failure shows.
 */
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const [kind, endpoint] = process.argv.slice(2);
const WORKERS = 4;
const KEYS_A_WORKER = 100;
const BETWEEN_MS = 4;
const FAILURES_KEPT = 20;
const OPTIONS = { retries: 0, timeout: 60_000, idle: 60_000, failures: 1, remove: false };

let requests = 0;
let failed = 0;
let lists = 0;
let nodes = [];
const failures = [];

function connect() {
  if (kind === 'plain') return new (require('memcached'))(endpoint, OPTIONS);
  const client = new (require('memcached-elasticache'))(endpoint, { ...OPTIONS, autoDiscoverInterval: 1000 });
  client.on('autoDiscover', (found) => {
    lists++;
    nodes = found;
  });
  client.on('autoDiscoverFailure', (error) => note(error));
  return client;
}

function note(error) {
  failed++;
  if (failures.length < FAILURES_KEPT) failures.push(String(error?.message ?? error));
}

function call(method, ...args) {
  requests++;
  return new Promise((resolve) => {
    client[method](...args, (error, value) => {
      if (error) note(error);
      resolve(value);
    });
  });
}

async function work(worker) {
  for (let turn = 0; ; turn++) {
    const key = `npm:${kind}:${worker}:${turn % KEYS_A_WORKER}`;
    await call('set', key, `value ${turn}`, 0);
    await pause(BETWEEN_MS);
    await call('get', key);
    await pause(BETWEEN_MS);
  }
}

const client = connect();
process.on('message', () => process.send({ requests, failed, failures, lists, nodes }));
process.on('disconnect', () => process.exit(0));
for (let worker = 0; worker < WORKERS; worker++) void work(worker);
