// One thread of hammer.test.ts: random work on a shared arena, checking every value it reads.
// Plain JavaScript, because a worker cannot load a test's TypeScript. Takes workerData {arena, row, seconds clock is set by the test, operations, keys, seed}; posts {errors, operations}.
import { parentPort, workerData } from 'node:worker_threads';
import { Maintenance, Reserve, Store } from '@shoal/store';

const { arena, row, operations, keys, seed, maintains } = workerData;
const store = new Store(arena, row);
const input = new Uint8Array(64);
const view = new DataView(input.buffer);
const value = new Uint8Array(70_000);
const valueView = new DataView(value.buffer);
const errors = [];
let state = seed;

function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) % below;
}

function load(key) {
  const text = `key${key}`;
  for (let i = 0; i < text.length; i++) input[i] = text.charCodeAt(i);
  return text.length;
}

/** A value says its key in the first word and repeats one byte after it. */
function set(key, bytes) {
  const end = load(key);
  const hash = store.hashKey(input, view, 0, end);
  value.fill(random(256), 0, bytes);
  valueView.setInt32(0, key);
  store.lock(hash);
  const present = store.findLocked(input, view, 0, end, hash);
  const isStored = present !== 0 && store.storeOverLocked(present, 0, 0, value, valueView, 0, bytes);
  store.unlock(hash);
  if (isStored) return;
  const ref = store.reserve(input, view, 0, end, hash, 0, random(4) === 0 ? store.now() + random(3) : 0, bytes);
  if (ref === Reserve.NO_MEMORY || ref === Reserve.TOO_LARGE) return;
  if (!store.writeValue(ref, 0, value, valueView, 0, bytes)) return store.release(ref);
  store.lock(hash);
  const old = store.fetchLocked(input, view, 0, end, hash);
  if (old === 0) store.linkLocked(ref, hash);
  else store.replaceLocked(old, ref, hash);
  store.unlock(hash);
}

function get(key) {
  const end = load(key);
  const hash = store.hashKey(input, view, 0, end);
  for (;;) {
    const ref = store.beginRead(input, view, 0, end, hash, 1);
    const bytes = ref === 0 ? 0 : store.readBytes;
    if (ref !== 0 && store.isReadLocked && store.isChunked(ref)) store.copyValuePart(ref, 0, bytes, value, 0);
    else if (ref !== 0) store.copyPlainValue(ref, bytes, value, valueView, 0);
    if (!store.endRead()) continue;
    if (ref !== 0) check(key, bytes);
    return;
  }
}

function check(key, bytes) {
  if (valueView.getInt32(0) !== key) errors.push(`key ${key} has the value of key ${valueView.getInt32(0)}`);
  for (let i = 5; i < bytes; i++) {
    if (value[i] !== value[4]) {
      errors.push(`the value of key ${key} is torn at byte ${i} of ${bytes}`);
      return;
    }
  }
}

function remove(key) {
  const end = load(key);
  const hash = store.hashKey(input, view, 0, end);
  store.lock(hash);
  const ref = store.fetchLocked(input, view, 0, end, hash);
  if (ref !== 0) store.unlinkLocked(ref, hash);
  store.unlock(hash);
}

function work() {
  for (let i = 0; i < operations; i++) {
    const key = random(keys);
    const dice = random(10);
    if (dice < 5) get(key);
    else if (dice < 9) set(key, 8 + (random(20) === 0 ? random(60_000) : 90 * random(10)));
    else remove(key);
  }
}

function maintain() {
  const maintenance = new Maintenance(store);
  for (let i = 0; i < operations / 100; i++) {
    if (i % 50 === 0) store.reassign(random(20), random(20));
    if (i % 200 === 0) store.clock.set(store.now() + 1);
    maintenance.step(i * 500);
  }
  // A move that was begun is brought to its end, or verify would find its page in between.
  for (let i = 0; store.statistics.isMovingPage && i < 100_000; i++) maintenance.step(operations * 500 + i);
}

if (maintains) maintain();
else work();
parentPort.postMessage({ errors: errors.slice(0, 10) });
