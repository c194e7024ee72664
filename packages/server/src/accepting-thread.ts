/**
 * Entry of the accepting thread of the net transport. Started by workers.ts like a worker, with the same WorkerStart; it takes
 * part in the store for nothing but its clock.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Store } from '@shoal/store';
import { ConnectionTable } from './connection-table.js';
import { Dealing } from './dealing.js';
import { HostLink, type WorkerOrder } from './messages.js';
import { ServerCounters } from './server-counters.js';
import { Settings } from './settings.js';
import { AcceptLoop } from './transport/accept-loop.js';
import { loadLibc } from './transport/libc.js';
import { Wakeups } from './wakeups.js';
import type { WorkerStart } from './worker.js';
import { acceptingRow } from './worker-parts.js';

if (parentPort === null) throw new Error('Cannot accept: accepting-thread.ts is the entry of a worker thread');
const port = parentPort;
const { id, parts, listeners } = workerData as WorkerStart;
const { libc, reason } = await loadLibc();
if (libc === null) throw new Error(`Cannot accept: ${reason}`);
const row = acceptingRow(parts.settings.options.threads);
const host = new HostLink(port);
const loop = new AcceptLoop({
  thread: id,
  libc,
  worker: {
    counters: new ServerCounters(parts.counters).row(row),
    host,
    settings: new Settings(parts.settings),
    store: new Store(parts.arena, row),
  },
  table: new ConnectionTable(parts.table),
  dealing: new Dealing(parts.dealing),
  wakeups: new Wakeups(parts.wakeups),
  wakeDescriptor: parts.wakeups.descriptors[id],
  listeners,
  nextOrder: () => receiveMessageOnPort(port)?.message as WorkerOrder | undefined,
});
host.report({ kind: 'ready', endpoints: [] });
loop.serve();
host.report({ kind: 'stopped' });
