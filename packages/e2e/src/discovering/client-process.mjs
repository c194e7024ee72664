/*
 * A process of its own that works with one client library: arguments are its name and the endpoint. It sets and gets all
 * the time, and does in between what it is told: a JSON line in, a JSON line out on descriptor 3, because some libraries
 * print to the standard output. What it is told stands in client-child.ts. Ends with its input.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENTS } from './node-clients.mjs';

const REPLIES = 3;
const WORKERS = 3;
const WORK_KEYS = 40;
/** With the workers fewer than the connections that npm memcached makes: past these it fails calls by itself. */
const AT_ONCE = 5;
/** Between two turns of a worker, so that many such processes share a small machine. */
const TURN_MS = 3;
const ERRORS_KEPT = 5;

const [name, endpoint] = process.argv.slice(2);
const client = await CLIENTS[name](endpoint);
const report = { calls: 0, hits: 0, failed: 0, errors: [] };

function failed(text) {
  report.failed++;
  if (report.errors.length < ERRORS_KEPT) report.errors.push(text);
}

async function called(what, call) {
  report.calls++;
  try {
    return await call();
  } catch (error) {
    failed(`${what}: ${error?.message ?? error}`);
    return null;
  }
}

async function set(key, value) {
  if ((await called('set', () => client.set(key, value))) === false) failed(`set ${key}: refused`);
}

async function work(worker) {
  for (let turn = 0; ; turn++) {
    const key = `work:${name}:${worker}:${turn % WORK_KEYS}`;
    await set(key, key);
    const value = await called('get', () => client.get(key));
    if (value === key) report.hits++;
    else if (value !== null) failed(`got ${value} for ${key}`);
    await pause(TURN_MS);
  }
}

async function each(keys, call) {
  const results = [];
  const lane = async (first) => {
    for (let index = first; index < keys.length; index += AT_ONCE) results[index] = await call(keys[index]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => lane(first)));
  return results;
}

async function answer({ set: keys = [], value, get = [], discover }) {
  await each(keys, (key) => set(key, `${value} ${key}`));
  if (discover) await client.discover?.();
  const values = await each(get, (key) => called('get', () => client.get(key)));
  const late = client.failures?.() ?? [];
  return {
    values,
    nodes: client.nodes(),
    ...report,
    failed: report.failed + late.length,
    errors: [...report.errors, ...late],
  };
}

const say = (reply) => writeSync(REPLIES, `${JSON.stringify(reply)}\n`);

for (let worker = 0; worker < WORKERS; worker++) work(worker);
say(await answer({}));
for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line)));
process.exit(0);
