/**
 * `stats slabs`: pages and chunks of every size class that has a page, and what commands hit it.
 *
 * Chunk sizes are the accounted ones, memcached's; the chunk in memory is smaller by what Shoal's header saves
 * (docs/memory-layout.md).
 */
import type { WorkerContext } from '../worker-context.js';
import type { StatReport } from './report.js';

export function reportSlabClasses(worker: WorkerContext, report: StatReport): void {
  const { statistics } = worker.store;
  let activeClasses = 0;
  for (let id = 1; id <= statistics.largestClass; id++) {
    const slabs = statistics.slabsOf(id);
    if (slabs.pages === 0) continue;
    activeClasses++;
    report.stat(`${id}:chunk_size`, slabs.chunkSizeBytes);
    report.stat(`${id}:chunks_per_page`, slabs.chunksPerPage);
    report.stat(`${id}:total_pages`, slabs.pages);
    report.stat(`${id}:total_chunks`, slabs.chunks);
    report.stat(`${id}:used_chunks`, slabs.usedChunks);
    report.stat(`${id}:free_chunks`, slabs.freeChunks);
    report.stat(`${id}:free_chunks_end`, 0);
    report.stat(`${id}:get_hits`, slabs.getHits);
    report.stat(`${id}:cmd_set`, slabs.setCommands);
    report.stat(`${id}:delete_hits`, slabs.deleteHits);
    report.stat(`${id}:incr_hits`, slabs.incrHits);
    report.stat(`${id}:decr_hits`, slabs.decrHits);
    report.stat(`${id}:cas_hits`, slabs.casHits);
    report.stat(`${id}:cas_badval`, slabs.casBadval);
    report.stat(`${id}:touch_hits`, slabs.touchHits);
  }
  report.stat('active_slabs', activeClasses);
  report.stat('total_malloced', statistics.takenBytes);
}

/** `stats sizes`: items by size, in steps of 32 bytes; kept only with -o track_sizes. */
export function reportSizes(worker: WorkerContext, report: StatReport): void {
  if (!worker.settings.options.trackSizes) report.stat('sizes_status', 'disabled');
  for (const [bytes, count] of worker.store.statistics.sizes()) report.stat(String(bytes), count);
}
