// What the parts of a get cost by themselves: `node bench/dist/engine/parts.js`. Each part is run over 10,000 gets of different
// keys, in a row, as often as it takes for the least to settle. Parts of a real get overlap: the sum is more than a get takes.
// The figures of docs/performance.md come from here; engine.ts measures the whole.
import { Dialect, decode, openEngine, Request, raiseInliningBudget, Session } from '@shoal/server/engine';
import { getRequest, setRequest } from './requests.js';

const KEYS = { keyCount: 10_000, valueBytes: 100 };
const PASSES = 400;

/** What the parts answered, looked at in the end, so that V8 does not leave their work out. */
let seen = 0;

raiseInliningBudget();
const worker = await openEngine({ memoryLimitBytes: 64 * 1024 * 1024 });
const { store, output, input, valueLines } = worker;
const session = new Session(worker, { id: 0, row: 0, outbox: -1, closeReason: 0 }, { flush: () => true });
for (let key = 0; key < KEYS.keyCount; key++) {
  const bytes = setRequest('text', KEYS, key);
  input.set(bytes);
  output.at = 0;
  session.run(bytes.length);
}
const lines = Array.from({ length: KEYS.keyCount }, (_, i) => getRequest('text', KEYS, (i * 7919) % KEYS.keyCount));
const bytes = new Uint8Array(Buffer.concat(lines));
const view = new DataView(bytes.buffer);
const { reads } = store.bind({ input: bytes, inputView: view, output: output.bytes, outputView: output.view });
const lineBytes = lines[0].length;
const keyStart = 4;
const keyEnd = lineBytes - 2;
const request = new Request();
const hashes = lines.map((_, i) => store.hashKey(bytes, view, i * lineBytes + keyStart, i * lineBytes + keyEnd));
const refs = hashes.map((hash, i) => {
  const ref = reads.begin(i * lineBytes + keyStart, i * lineBytes + keyEnd, hash, 0);
  reads.end();
  return ref;
});

report('decode', (i) => decode(Dialect.TEXT, bytes, view, i * lineBytes, bytes.length, request));
report('hash', (i) => store.hashKey(bytes, view, i * lineBytes + keyStart, i * lineBytes + keyEnd));
report('lookup and check', (i) => {
  const start = i * lineBytes;
  reads.begin(start + keyStart, start + keyEnd, hashes[i], 1);
  return reads.end() ? 1 : 0;
});
report('VALUE line', (i) => valueLines.put(0, keyStart, keyEnd, i % 10, KEYS.valueBytes));
report('copy of the value', (i) => {
  reads.lookLocked(refs[i]);
  reads.copyValue(0);
  return 1;
});
report('counters', () => {
  reads.countHit();
  return 1;
});

if (!Number.isInteger(seen)) throw new Error(`Cannot believe the parts: they answered ${seen}`);

/** Least nanoseconds of CPU a call, of many passes over all keys. */
function report(name: string, part: (index: number) => number): void {
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const start = process.cpuUsage();
    for (let i = 0; i < KEYS.keyCount; i++) seen ^= part(i);
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, user + system);
  }
  process.stdout.write(`${name.padEnd(20)}${((1000 * least) / KEYS.keyCount).toFixed(0).padStart(5)} ns\n`);
}
