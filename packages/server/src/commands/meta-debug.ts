/**
 * me: what the server knows of an item, without the value (doc/protocol.txt, "Meta Debug"; memcached: process_meta_command).
 */
import { encodeBase64, META_LINE_BYTES_MAX, Status, writeStatus } from '@shoal/protocol';
import { ItemMark } from '@shoal/store';
import { ServerCounter } from '../server-counters.js';
import { Outcome, type WorkerContext } from '../worker-context.js';
import type { CommandSession } from './context.js';
import { findLiveLocked } from './lookup.js';

export function debugMeta(worker: WorkerContext, session: CommandSession): number {
  const { store, request, output } = worker;
  const { keyStart, keyEnd } = request;
  const hash = worker.keyHash;
  store.lock(hash);
  const ref = findLiveLocked(worker, session.connection.id, keyStart, keyEnd, hash);
  if (ref !== 0) writeDebugLine(worker, ref);
  store.unlock(hash);
  if (ref === 0) writeStatus(output, Status.META_MISS);
  worker.counters[ServerCounter.CMD_META]++;
  return Outcome.OPEN;
}

/** `ME <key> exp= la= cas= fetch= cls= size=`. The stripe is held. */
function writeDebugLine(worker: WorkerContext, ref: number): void {
  const { store, input, request, output } = worker;
  const { keyStart, keyEnd } = request;
  const now = store.now();
  const exptime = store.exptime(ref);
  output.ensure(META_LINE_BYTES_MAX);
  output.text('ME ');
  if (store.hasMark(ref, ItemMark.KEY_BINARY)) {
    output.at = encodeBase64(input, keyStart, keyEnd, output.bytes, output.at);
  } else {
    output.copy(input, keyStart, keyEnd);
  }
  output.text(` exp=${exptime === 0 ? -1 : exptime - now} la=${now - store.lastAccess(ref)} cas=`);
  output.decimal64(store.casLow(ref), store.casHigh(ref));
  const fetched = store.isFetched(ref) ? 'yes' : 'no';
  output.text(` fetch=${fetched} cls=${store.sizeClass(ref)} size=${store.totalBytes(ref)}\r\n`);
}
