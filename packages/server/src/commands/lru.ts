/**
 * `lru tune|mode|temp_ttl`: sizes and mode of the LRU queues while serving.
 *
 * Called by commands/admin.ts. Sets words in the arena that all threads read. Answers and their order are those
 * of proto_text.c, process_lru_command.
 */
import { Status } from '@shoal/protocol';
import { Tuning } from '@shoal/store';
import type { WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

const PERCENT_SUM_MAX = 80;

/** Answers a Status. */
export function tuneLru(worker: WorkerContext, words: Words): number {
  const hasMaintainer = worker.settings.options.lruMaintainer;
  if (words.isShortFor(1, 'tune') && words.count >= 6) return tune(worker, words);
  if (words.isShortFor(1, 'mode') && words.count >= 3 && hasMaintainer) return setMode(worker, words.text(2));
  if (words.isShortFor(1, 'temp_ttl') && words.count >= 3 && hasMaintainer) return setTemporaryTtl(worker, words);
  return Status.ERROR;
}

function tune(worker: WorkerContext, words: Words): number {
  const hotPercent = words.uint32(2);
  const warmPercent = words.uint32(3);
  const hotFactor = words.float(4);
  const warmFactor = words.float(5);
  if (hotPercent === null || warmPercent === null || hotFactor === null || warmFactor === null) return Status.ERROR;
  if (hotPercent + warmPercent > PERCENT_SUM_MAX) return Status.LRU_PERCENTAGES;
  if (hotFactor <= 0 || warmFactor <= 0) return Status.LRU_FACTORS;
  worker.store.setTuning(Tuning.HOT_PERCENT, hotPercent);
  worker.store.setTuning(Tuning.WARM_PERCENT, warmPercent);
  worker.store.setTuning(Tuning.HOT_MAX_FACTOR, hotFactor);
  worker.store.setTuning(Tuning.WARM_MAX_FACTOR, warmFactor);
  return Status.OK;
}

function setMode(worker: WorkerContext, mode: string): number {
  if (mode !== 'flat' && mode !== 'segmented') return Status.ERROR;
  worker.store.setTuning(Tuning.SEGMENTED, mode === 'segmented' ? 1 : 0);
  return Status.OK;
}

/**
 * A negative TTL switches the temporary queue off. `stats settings` goes on showing the last TTL then, so it is kept
 * in the same word, as −1 − TTL.
 */
function setTemporaryTtl(worker: WorkerContext, words: Words): number {
  const ttlSeconds = words.int32(2);
  if (ttlSeconds === null) return Status.ERROR;
  const wasOff = worker.store.tuning(Tuning.TEMPORARY_TTL_SECONDS) < 0;
  if (ttlSeconds < 0 && wasOff) return Status.OK;
  const word = ttlSeconds < 0 ? -1 - shownTemporaryTtl(worker) : ttlSeconds;
  worker.store.setTuning(Tuning.TEMPORARY_TTL_SECONDS, word);
  return Status.OK;
}

/** The TTL of the temporary queue, or the one it had when it was switched off. */
export function shownTemporaryTtl(worker: WorkerContext): number {
  const word = worker.store.tuning(Tuning.TEMPORARY_TTL_SECONDS);
  if (word === -1) return worker.settings.options.temporaryTtlSeconds;
  return word < 0 ? -1 - word : word;
}
