/*
 * A process of its own that asks for one key many times at once, for get-or-set.test.ts.
 * Arguments: port, key. Sends { loads, values } and ends. Plain JavaScript, because Node.js runs it as it stands.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@shoal/client';

const CALLERS = 20;
const LOAD_MS = 200;
const [port, key] = process.argv.slice(2);
const client = new Client([`127.0.0.1:${port}`], { timeoutMs: 10_000 });
let loads = 0;

async function load() {
  loads++;
  await pause(LOAD_MS);
  return `loaded by ${process.pid}`;
}

const values = await Promise.all(Array.from({ length: CALLERS }, () => client.getOrSet(key, load, { ttlSeconds: 60 })));
await client.close();
process.send({ loads, values }, () => process.disconnect());
