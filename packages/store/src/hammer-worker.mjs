// One thread of hammer.test.ts: random work on a shared arena, checking every value it reads.
// Plain JavaScript, because a worker cannot load a test's TypeScript; the store comes from this package's build.
// Takes workerData {arena, row, operations, keys, seed, maintains, workers}, the last a word that counts who still works;
// posts {errors}.
import { parentPort, workerData } from 'node:worker_threads';
import { Maintenance, Reserve, Store } from '@shoal/store';

const { arena, row, operations, keys, seed, maintains } = workerData;
const running = new Int32Array(workerData.workers);
const store = new Store(arena, row);
const VALUE_AT = 64;
const input = new Uint8Array(VALUE_AT + 70_000);
const view = new DataView(input.buffer);
const value = new Uint8Array(70_000);
const valueView = new DataView(value.buffer);
const streamed = new Uint8Array(value.length);
const more = new Uint8Array(200);
const moreView = new DataView(more.buffer);
const errors = [];
let casSeen = 0;
const memory = { input, inputView: view, output: value, outputView: valueView };
const { reads, overwrites } = store.bind(memory);
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
  input.set(value.subarray(0, bytes), VALUE_AT);
  if (overwrites.store(0, end, hash, 0, 0, VALUE_AT, bytes)) return;
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
    const ref = reads.begin(0, end, hash, 1);
    const bytes = ref === 0 ? 0 : reads.found.valueBytes;
    if (ref !== 0 && reads.found.isLocked && store.isChunked(ref)) store.copyValuePart(ref, 0, bytes, value, 0);
    else if (ref !== 0) reads.copyValue(0);
    if (!reads.end()) continue;
    if (ref !== 0) check(key, bytes);
    return;
  }
}

/** Reads a value of several chunks piece by piece, pinned, as a slow reader gets it; others may replace it meanwhile. */
function stream(key) {
  const end = load(key);
  const hash = store.hashKey(input, view, 0, end);
  store.lock(hash);
  const ref = store.fetchLocked(input, view, 0, end, hash);
  const isStreamed = ref !== 0 && store.isChunked(ref);
  if (isStreamed) store.pinLocked(ref);
  store.unlock(hash);
  if (!isStreamed) return;
  const bytes = store.valueBytes(ref);
  for (let at = 0; at < bytes; at += 5000) {
    store.copyValuePart(ref, at, Math.min(5000, bytes - at), streamed, at);
    if (random(4) === 0) set(random(keys), 90);
    load(key);
  }
  store.unpin(ref, hash);
  value.set(streamed.subarray(0, bytes));
  check(key, bytes);
}

/** Makes a value longer by the byte it consists of. */
function append(key) {
  const end = load(key);
  const hash = store.hashKey(input, view, 0, end);
  more.fill(byteOf(key, end, hash));
  store.lock(hash);
  const old = store.fetchLocked(input, view, 0, end, hash);
  const bytes = old === 0 ? 0 : store.valueBytes(old);
  if (bytes >= 8 && bytes < 60_000 && store.casLow(old) === casSeen) appendLocked(old, bytes, end, hash);
  store.unlock(hash);
}

function appendLocked(old, bytes, end, hash) {
  const ref = store.reserve(input, view, 0, end, hash, 0, 0, bytes + more.length);
  if (ref === Reserve.NO_MEMORY || ref === Reserve.TOO_LARGE) return;
  if (store.writeValueOfLocked(ref, 0, old) && store.writeValue(ref, bytes, more, moreView, 0, more.length)) {
    store.replaceLocked(old, ref, hash);
  } else {
    store.release(ref);
  }
}

/** The byte that the value consists of; `casSeen` says of which version. */
function byteOf(key, end, hash) {
  for (;;) {
    const ref = reads.begin(0, end, hash, 0);
    if (ref === 0) return 0;
    const bytes = reads.found.valueBytes;
    casSeen = store.casLow(ref);
    if (reads.found.isLocked && store.isChunked(ref)) store.copyValuePart(ref, 0, bytes, value, 0);
    else reads.copyValue(0);
    if (!reads.end()) continue;
    check(key, bytes);
    return value[4];
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
    const dice = random(20);
    if (dice < 10) get(key);
    else if (dice === 10) stream(key);
    else if (dice === 11) append(key);
    else if (dice < 19) set(key, 8 + (random(20) === 0 ? random(60_000) : 90 * random(10)));
    else remove(key);
  }
}

/** Moves pages, crawls, flushes and lets time pass for as long as the others work. */
function maintain() {
  const maintenance = new Maintenance(store);
  const classes = store.statistics.largestClass + 1;
  let ms = 0;
  for (let i = 0; Atomics.load(running, 0) > 0; i++, ms += 500) {
    if (i % 5 === 0) store.reassign(random(3) - 1 || random(classes), random(classes));
    if (i % 50 === 0) store.crawl(-1, -1);
    if (i % 200 === 0) store.clock.set(store.now() + 1);
    if (i % 1000 === 0) store.flushAll(store.now());
    maintenance.step(ms);
  }
  // A move that was begun is brought to its end, or verify would find its page in between.
  for (let i = 0; store.statistics.isMovingPage && i < 100_000; i++) maintenance.step(ms + i);
}

if (maintains) {
  maintain();
} else {
  work();
  Atomics.sub(running, 0, 1);
}
parentPort.postMessage({ errors: errors.slice(0, 10) });
