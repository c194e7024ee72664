/**
 * One thread on a shared store, doing one kind of work until it is told to stop: what a command does between its decoding and its reply.
 *
 * Started by contention.ts with workerData {arena, row, kind, firstKey, keyCount, seed, turns}. `turns` says what to do: 0 wait, 1 warm up, 2 measure, 3 stop.
 * Posts 'ready' once all keys are stored and the code is warm, then operations and nanoseconds of CPU of its own thread. The sequence of store calls is that of the server's commands.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type Arena, Store } from '@shoal/store';
import { Random } from '../load/random.js';
import { type ContentionKind, type ThreadSample, Turn } from './contention-work.js';

const KEY_BYTES = 32;
const VALUE_BYTES = 100;
const OPERATIONS_AT_ONCE = 100;
const WARM_UP_OPERATIONS = 300_000;

interface Data {
  readonly arena: Arena;
  readonly row: number;
  readonly kind: ContentionKind;
  readonly firstKey: number;
  readonly keyCount: number;
  readonly seed: number;
  readonly turns: SharedArrayBuffer;
}

const { arena, row, kind, firstKey, keyCount, seed, turns } = workerData as Data;
const turn = new Int32Array(turns);
const store = new Store(arena, row);
const random = new Random(seed);
const input = new Uint8Array(new ArrayBuffer(KEY_BYTES + VALUE_BYTES)).fill(120);
const view = new DataView(input.buffer);
const value = new Uint8Array(new ArrayBuffer(VALUE_BYTES)).fill(120);
const valueView = new DataView(value.buffer);
const memory = { input, inputView: view, output: value, outputView: valueView };
const { reads, overwrites } = store.bind(memory);
let isLonger = false;

function loadKey(key: number): number {
  view.setUint32(KEY_BYTES - 8, Math.imul(key, 0x9e3779b1));
  view.setUint32(KEY_BYTES - 4, key);
  return store.hashKey(input, view, 0, KEY_BYTES);
}

function get(hash: number): void {
  for (;;) {
    const ref = reads.begin(0, KEY_BYTES, hash, 1);
    if (ref !== 0) reads.copyValue(0);
    if (!reads.end()) continue;
    if (ref !== 0) reads.countHit();
    return;
  }
}

/** Over the old value, where it lies. */
function setOver(hash: number): boolean {
  return overwrites.store(0, KEY_BYTES, hash, 0, 0, KEY_BYTES, VALUE_BYTES);
}

/** A new item in place of the old one: two lengths in turn, so that neither can be written over the other. */
function setAnew(hash: number): void {
  isLonger = !isLonger;
  const bytes = isLonger ? VALUE_BYTES : VALUE_BYTES - 4;
  const ref = store.reserve(input, view, 0, KEY_BYTES, hash, 0, 0, bytes);
  store.writeValue(ref, 0, value, valueView, 0, bytes);
  store.lock(hash);
  const old = store.fetchLocked(input, view, 0, KEY_BYTES, hash);
  if (old === 0) store.linkLocked(ref, hash);
  else store.replaceLocked(old, ref, hash);
  store.unlock(hash);
}

function workOnce(): void {
  const hash = loadKey(firstKey + random.below(keyCount));
  if (kind === 'get') get(hash);
  else if (kind === 'set anew' || !setOver(hash)) setAnew(hash);
}

/** Operations done while the turn lasts. */
function work(during: number): number {
  let operations = 0;
  while (Atomics.load(turn, 0) === during) {
    for (let i = 0; i < OPERATIONS_AT_ONCE; i++) workOnce();
    operations += OPERATIONS_AT_ONCE;
  }
  return operations;
}

/** Of this thread alone. */
function cpuNanos(): number {
  return Number(readFileSync(`/proc/${readlinkSync('/proc/thread-self')}/schedstat`, 'latin1').split(' ')[0]);
}

/** Its own keys. */
function storeAll(): void {
  for (let key = firstKey; key < firstKey + keyCount; key++) {
    const hash = loadKey(key);
    if (!setOver(hash)) setAnew(hash);
  }
}

storeAll();
// V8 compiles beside the threads that are measured: not before this does the clock mean much.
for (let i = 0; i < WARM_UP_OPERATIONS; i++) workOnce();
parentPort!.postMessage('ready');
Atomics.wait(turn, 0, Turn.WAIT);
work(Turn.WARM_UP);
const before = cpuNanos();
const operations = work(Turn.MEASURE);
const sample: ThreadSample = { operations, nanos: cpuNanos() - before };
parentPort!.postMessage(sample);
