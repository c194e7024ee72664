/**
 * `slabs reassign <from> <to>` and `slabs automove …`: wishes to the page mover.
 *
 * Called by commands/admin.ts. Both leave words in the arena that the maintenance thread finds; nothing is moved
 * here. Answers and their order are those of proto_text.c, process_slabs_command.
 */
import { Status } from '@shoal/protocol';
import { Reassign, Tuning } from '@shoal/store';
import type { WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

const WINDOW_MIN = 3;
const WINDOW_MAX = 1800;
const AUTOMOVE_MAX = 2;

const REASSIGN_STATUS: Record<number, number> = {
  [Reassign.OK]: Status.OK,
  [Reassign.RUNNING]: Status.REASSIGN_BUSY,
  [Reassign.BAD_CLASS]: Status.REASSIGN_BAD_CLASS,
  [Reassign.NO_SPARE]: Status.REASSIGN_NO_SPARE,
  [Reassign.SAME]: Status.REASSIGN_SAME,
};

/** Answers a Status. */
export function controlSlabs(worker: WorkerContext, words: Words): number {
  if (words.count === 4 && words.isShortFor(1, 'reassign')) return reassign(worker, words);
  if (words.count >= 3 && words.isShortFor(1, 'automove')) return automove(worker, words);
  return Status.ERROR;
}

function reassign(worker: WorkerContext, words: Words): number {
  if (!worker.settings.options.slabReassign) return Status.SLAB_REASSIGN_DISABLED;
  const source = words.int32(2);
  const destination = words.int32(3);
  if (source === null || destination === null) return Status.BAD_FORMAT;
  const outcome = worker.store.reassign(source, destination);
  if (outcome === Reassign.OK) worker.host.wakeMaintenance();
  return REASSIGN_STATUS[outcome];
}

function automove(worker: WorkerContext, words: Words): number {
  if (words.isShortFor(2, 'ratio')) return setRatio(worker, words);
  // Only the flash store uses the free ratio: taken and without effect, as in a memcached that has none.
  if (words.isShortFor(2, 'freeratio')) return words.float(3) === null ? Status.ERROR : Status.OK;
  if (words.isShortFor(2, 'window')) return setWindow(worker, words);
  const level = words.uint32(2);
  if (level === null) return Status.BAD_FORMAT;
  if (level > AUTOMOVE_MAX) return Status.ERROR;
  worker.store.setTuning(Tuning.AUTOMOVE, level);
  return Status.OK;
}

function setRatio(worker: WorkerContext, words: Words): number {
  const ratio = words.float(3);
  if (ratio === null) return Status.ERROR;
  worker.store.setTuning(Tuning.AUTOMOVE_RATIO, ratio);
  return Status.OK;
}

function setWindow(worker: WorkerContext, words: Words): number {
  const window = words.uint32(3);
  if (window === null) return Status.BAD_FORMAT;
  if (window < WINDOW_MIN || window > WINDOW_MAX) return Status.AUTOMOVE_WINDOW;
  worker.store.setTuning(Tuning.AUTOMOVE_WINDOW, window);
  return Status.OK;
}
