/**
 * `watch <kinds>`, and the taking out of what an outbox holds, for watchers and key dumps alike.
 *
 * `watch` is called by commands/admin.ts; pumpOutbox and abandonOutbox by the session of a connection that an
 * outbox feeds. A watching connection never takes another command. Answers: proto_text.c, process_watch_command.
 */
import { Status, writeStatus } from '@shoal/protocol';
import { currentGid, Watch } from '../activity-log.js';
import { OutboxState } from '../outbox.js';
import { type ConnectionInfo, Outcome, type WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

/** Most bytes that one pump moves, so that a busy watcher does not keep the worker from other connections. */
const PIECE_BYTES = 65_536;

const KINDS: readonly (readonly [string, number])[] = [
  ['rawcmds', Watch.RAW_COMMANDS],
  ['evictions', Watch.EVICTIONS],
  ['fetchers', Watch.FETCHERS],
  ['mutations', Watch.MUTATIONS],
  ['sysevents', Watch.SYSTEM],
  ['connevents', Watch.CONNECTIONS],
  ['proxyreqs', Watch.PROXY_REQUESTS],
  ['proxyevents', Watch.PROXY_EVENTS],
  ['proxyuser', Watch.PROXY_USER],
  ['deletions', Watch.DELETIONS],
];

/** Makes the connection a watcher; answers Status.NONE then, else what to say. */
export function watch(worker: WorkerContext, connection: ConnectionInfo, words: Words): number {
  if (!worker.settings.options.watch) return Status.WATCH_NOT_ALLOWED;
  if (worker.output.waiting !== 0) return Status.WATCH_PIPELINED;
  const kinds = kindsOf(words);
  if (kinds === 0) return Status.ERROR;
  const { activity, outboxes, output } = worker;
  const startGid = currentGid(activity.shared);
  const slot = outboxes.claimWatch(worker.id, { kinds, startGid }, (wanted) => activity.watchOnly(wanted));
  if (slot < 0) return Status.WATCHER_TOO_MANY;
  connection.outbox = slot;
  writeStatus(output, Status.OK);
  worker.host.watchersChanged();
  return Status.NONE;
}

/** The union of the kinds named, fetchers without a name, 0 for an unknown name. */
function kindsOf(words: Words): number {
  if (words.count === 1) return Watch.FETCHERS;
  let kinds = 0;
  for (let index = 1; index < words.count; index++) {
    const kind = KINDS.find(([name]) => words.isShortFor(index, name));
    if (kind === undefined) return 0;
    kinds |= kind[1];
  }
  return kinds;
}

/** Moves what the outbox holds to the output; an Outcome: STREAM, or OPEN once a finished dump is all out. */
export function pumpOutbox(worker: WorkerContext, slot: number): number {
  const { outboxes, output } = worker;
  const state = outboxes.stateOf(slot);
  const limit = Math.min(PIECE_BYTES, outboxes.used(slot));
  output.ensure(limit);
  output.at += outboxes.take(slot, output.bytes, output.at, limit);
  if (state !== OutboxState.FINISHED || outboxes.used(slot) > 0) return Outcome.STREAM;
  outboxes.release(slot);
  return Outcome.OPEN;
}

/** The connection that the outbox feeds is gone. */
export function abandonOutbox(worker: WorkerContext, slot: number): void {
  worker.outboxes.abandon(slot, (wanted) => worker.activity.watchOnly(wanted));
  if (worker.outboxes.isWatch(slot)) worker.host.watchersChanged();
  else worker.host.wakeMaintenance();
}
