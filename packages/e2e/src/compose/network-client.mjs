/*
 * Runs inside the network of a compose project, in a container of Shoal's own image, fed to Node.js by network-client.ts.
 * A discovering client sets and gets all the time; beside it every node and the endpoint are asked for the list, over and
 * over, and names are looked up. A line of JSON tells each look. Arguments: endpoint, pause between looks, poll interval.
 */
import { lookup } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, fetchClusterConfig } from '@shoal/client';

const [endpoint, lookEveryMs, pollIntervalMs] = process.argv.slice(2);
const KEYS = 400;
const MANY = 20;
const PAUSE_MS = 2;
const REASONS_KEPT = 5;

const client = new Client(endpoint, { pollIntervalMs: Number(pollIntervalMs) });
const work = { requests: 0, failed: 0, misses: 0, reasons: [] };
let isEnding = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    isEnding = true;
  });
}

function noteFailure(text) {
  work.failed++;
  if (work.reasons.length < REASONS_KEPT) work.reasons.push(text);
}

async function called(what, call) {
  work.requests++;
  try {
    return await call();
  } catch (error) {
    noteFailure(`${what}: ${error.message}`);
    return null;
  }
}

/** Where the call itself failed there is nothing to compare. */
function compare(key, found) {
  if (found === undefined) work.misses++;
  else if (found !== null && found !== `value of ${key}`) noteFailure(`get ${key}: answered ${found}`);
}

async function live() {
  for (let turn = 0; !isEnding; turn++) {
    const key = `client-${turn % KEYS}`;
    await called(`set ${key}`, () => client.set(key, `value of ${key}`));
    compare(key, await called(`get ${key}`, () => client.get(key)));
    if (turn % MANY === 0) {
      const keys = Array.from({ length: MANY }, (_, i) => `client-${(turn + i) % KEYS}`);
      const found = await called('getMany', () => client.getMany(keys));
      if (found !== null) for (const each of keys) compare(each, found.get(each));
    }
    await pause(PAUSE_MS);
  }
}

const textOf = ({ version, nodes }) =>
  `${version} ${nodes.map(({ hostname, ip, port }) => `${hostname}|${ip}|${port}`).join(' ')}`;

/** Who answers something else than the endpoint, and whose name means another address than the list says. */
async function look() {
  const config = await fetchClusterConfig(endpoint);
  const strays = await Promise.all(
    config.nodes.map(async ({ hostname, ip, port }) => {
      const [found, own] = await Promise.all([
        lookup(hostname, { family: 4 }).then(
          ({ address }) => address,
          ({ code }) => code,
        ),
        fetchClusterConfig({ host: hostname, port }).then(textOf, ({ message }) => message),
      ]);
      return [
        ...(found === ip ? [] : [`${hostname} means ${found}, the list says ${ip}`]),
        ...(own === textOf(config) ? [] : [`${hostname} answers ${own}`]),
      ];
    }),
  );
  return { version: config.version, nodes: config.nodes, strays: strays.flat() };
}

async function watch() {
  while (!isEnding) {
    const seen = await look().catch((error) => ({ version: 0, nodes: [], strays: [error.message] }));
    console.log(JSON.stringify({ ...seen, work }));
    await pause(Number(lookEveryMs));
  }
}

await Promise.all([live(), watch()]);
await client.close();
console.log(JSON.stringify({ version: 0, nodes: [], strays: [], work, isLast: true }));
