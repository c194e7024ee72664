// One client under load in a process of its own: stores its keys, warms up, then counts for a while what its loops get done, and its own
// CPU meanwhile. Started by main.ts with its flags, prints one line of JSON. Also by hand, with --cpu-prof:
//   node --cpu-prof bench/dist/client/client-load.js --client shoal --port 11211 --row get --seconds 5
// Every value is checked by its length, so that no client wins with misses.
import { parseArgs } from 'node:util';
import { pinSelf } from '../machine/pinning.js';
import { CONTENDERS, type Contender, type ContenderName, openContender } from './contenders.js';
import { type ClientRow, type ClientSample, ROW_LOOPS, ROWS } from './sample.js';

const KEY_COUNT = 10_000;
const KEYS_AT_ONCE = 100;
const VALUE = 'v'.repeat(100);
const STORED_AT_ONCE = 50;
const WARM_UP_MS = 700;

const keys = Array.from({ length: KEY_COUNT }, (_, index) => `client-bench-key:${String(index).padStart(15, '0')}`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      client: { type: 'string', default: 'shoal' },
      port: { type: 'string', default: '11211' },
      row: { type: 'string', default: 'get' },
      seconds: { type: 'string', default: '3' },
      core: { type: 'string', default: '-1' },
    },
  });
  const name = CONTENDERS.find((each) => each === values.client);
  const row = ROWS.find((each) => each === values.row);
  if (name === undefined || row === undefined) throw new Error('Cannot load: unknown --client or --row');
  pinSelf(Number(values.core));
  const sample = await load(name, Number(values.port), row, Number(values.seconds) * 1000);
  console.log(JSON.stringify(sample));
}

async function load(name: ContenderName, port: number, row: ClientRow, measuredMs: number): Promise<ClientSample> {
  const contender = openContender(name, port);
  for (let from = 0; from < KEY_COUNT; from += STORED_AT_ONCE) {
    await Promise.all(keys.slice(from, from + STORED_AT_ONCE).map((key) => contender.set(key, VALUE)));
  }
  const state = { operations: 0, isOver: false };
  const loops = Array.from({ length: ROW_LOOPS[row] }, (_, index) => loop(contender, row, index, state));
  const finished = Promise.all(loops);
  await Promise.race([finished, elapse(WARM_UP_MS)]);
  const before = { operations: state.operations, cpu: process.cpuUsage(), atMs: performance.now() };
  await Promise.race([finished, elapse(measuredMs)]);
  const cpu = process.cpuUsage(before.cpu);
  const sample = {
    operations: state.operations - before.operations,
    seconds: (performance.now() - before.atMs) / 1000,
    cpuMicros: cpu.user + cpu.system,
  };
  state.isOver = true;
  await finished;
  contender.close();
  return sample;
}

async function loop(
  contender: Contender,
  row: ClientRow,
  index: number,
  state: { operations: number; isOver: boolean },
): Promise<void> {
  let at = index * 997;
  while (!state.isOver) {
    at = (at + 7919) % (KEY_COUNT - KEYS_AT_ONCE);
    switch (row) {
      case 'get':
        if ((await contender.get(keys[at])).length !== VALUE.length) throw new Error('Cannot count: a wrong value');
        state.operations++;
        break;
      case 'set':
        await contender.set(keys[at], VALUE);
        state.operations++;
        break;
      case 'getMany': {
        const found = await contender.getMany(keys.slice(at, at + KEYS_AT_ONCE));
        if (found !== KEYS_AT_ONCE) throw new Error('Cannot count: values are missing');
        state.operations += KEYS_AT_ONCE;
        break;
      }
    }
  }
}

function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
process.exit(0);
