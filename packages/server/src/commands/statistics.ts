/**
 * `stats [what]` in text and Stat in binary: which report is asked, and the ones that are no list of fields.
 *
 * Called by commands/admin.ts. The text dialect takes any beginning of most words (`stats s` is settings), the binary
 * one anything that begins with the word, and has no conns nor cachedump: both as memcached (process_stat in
 * proto_text.c, process_bin_stat in proto_bin.c), whose order of tests this follows.
 */
import { BinaryStatus, STATUS_LINES, Status, writeBinaryError } from '@shoal/protocol';
import { reportConnections } from '../stats/connections.js';
import { reportGeneral } from '../stats/general.js';
import { reportItemClasses } from '../stats/items.js';
import { BinaryReport, type StatReport, TextReport } from '../stats/report.js';
import { reportSettings } from '../stats/settings.js';
import { reportSizes, reportSlabClasses } from '../stats/slabs.js';
import type { ConnectionInfo, WorkerContext } from '../worker-context.js';
import type { Words } from './words.js';

const CLASSES_MAX = 64;
/** memcached ends a cachedump at 2 MiB. */
const CACHEDUMP_BYTES_MAX = 2 * 1024 * 1024;
const CACHEDUMP_LINE_BYTES_MIN = 20;

/** Answers a Status to say, NONE if the reply is written already. */
export function reportText(worker: WorkerContext, connection: ConnectionInfo, words: Words): number {
  const report = new TextReport(worker.output);
  const { dumping } = worker.settings.options;
  if (words.count === 1) {
    reportGeneral(worker, report);
  } else if (words.isShortFor(1, 'reset')) {
    resetStatistics(worker);
    return Status.RESET;
  } else if (words.isShortFor(1, 'detail')) {
    return dumping ? controlDetail(worker, words) : Status.STATS_DETAIL_NOT_ALLOWED;
  } else if (words.isShortFor(1, 'settings')) {
    reportSettings(worker, report);
  } else if (words.isShortFor(1, 'cachedump')) {
    return dumping ? dumpCache(worker, words) : Status.CACHEDUMP_NOT_ALLOWED;
  } else if (words.isShortFor(1, 'conns')) {
    reportConnections(worker, connection, report);
  } else if (!words.isShortFor(1, 'extstore') && !reportClasses(worker, words.text(1), report)) {
    // `stats extstore` is known and has nothing to tell without a flash store.
    return Status.ERROR;
  }
  report.end();
  return Status.NONE;
}

/** Reports that both dialects know by their whole name; false for any other name. */
function reportClasses(worker: WorkerContext, name: string, report: StatReport): boolean {
  if (name === 'items') reportItemClasses(worker, report);
  else if (name === 'slabs') reportSlabClasses(worker, report);
  else if (name === 'sizes') reportSizes(worker, report);
  else return false;
  return true;
}

/** The key of the request says what is asked. */
export function reportBinary(worker: WorkerContext): void {
  const { input, output, request } = worker;
  const report = new BinaryReport(output, request.opaque);
  const name = Buffer.from(input.subarray(request.keyStart, request.keyEnd)).toString('latin1');
  if (reportBinaryFields(worker, name, report)) report.end();
  else writeBinaryError(output, request.opcode, BinaryStatus.KEY_NOT_FOUND, request.opaque, 0, 0);
}

function reportBinaryFields(worker: WorkerContext, name: string, report: StatReport): boolean {
  if (name === '') reportGeneral(worker, report);
  else if (name.startsWith('reset')) resetStatistics(worker);
  else if (name.startsWith('settings')) reportSettings(worker, report);
  else if (name.startsWith('detail')) return controlBinaryDetail(worker, name.slice('detail'.length), report);
  else return reportClasses(worker, name, report);
  return true;
}

function resetStatistics(worker: WorkerContext): void {
  worker.totals.reset();
  worker.store.statistics.reset();
  worker.prefixes.clear();
}

/** stats detail on|off|dump */
function controlDetail(worker: WorkerContext, words: Words): number {
  if (words.isShortFor(2, 'on')) worker.settings.detailEnabled = true;
  else if (words.isShortFor(2, 'off')) worker.settings.detailEnabled = false;
  else if (words.isShortFor(2, 'dump')) return dumpPrefixes(worker);
  else return Status.STATS_DETAIL_USAGE;
  return Status.OK;
}

function dumpPrefixes(worker: WorkerContext): number {
  worker.prefixes.dump(worker.output);
  return Status.END;
}

function controlBinaryDetail(worker: WorkerContext, word: string, report: StatReport): boolean {
  if (!worker.settings.options.dumping) return false;
  if (word.startsWith(' dump')) report.stat('detailed', prefixText(worker));
  else if (word.startsWith(' on')) worker.settings.detailEnabled = true;
  else if (word.startsWith(' off')) worker.settings.detailEnabled = false;
  else return false;
  return true;
}

/** In binary the whole text dump is the value of one field. */
function prefixText(worker: WorkerContext): string {
  const { output, prefixes } = worker;
  const mark = output.at;
  prefixes.dump(output);
  const text = Buffer.from(output.slice(mark)).toString('latin1');
  output.at = mark;
  return `${text}END\r\n`;
}

/** stats cachedump <class> <limit>: items of the class's cold queue, newest first; limit 0 is as many as fit. */
function dumpCache(worker: WorkerContext, words: Words): number {
  if (words.count < 4) return Status.BAD_LINE;
  const id = words.uint32(2);
  const limit = words.uint32(3);
  if (id === null || limit === null) return Status.BAD_FORMAT;
  if (id >= CLASSES_MAX) return Status.ILLEGAL_SLAB_ID;
  const itemsMax = Math.min(limit || Number.POSITIVE_INFINITY, CACHEDUMP_BYTES_MAX / CACHEDUMP_LINE_BYTES_MIN);
  let bytes = STATUS_LINES[Status.END].length;
  for (const item of worker.store.statistics.listCold(id, itemsMax)) {
    const expires = item.exptime === 0 ? 0 : item.exptime + worker.settings.startUnixSeconds;
    const key = Buffer.from(item.key).toString('latin1');
    const line = `ITEM ${key} [${item.valueBytes} b; ${expires} s]\r\n`;
    bytes += line.length;
    if (bytes > CACHEDUMP_BYTES_MAX) break;
    worker.output.text(line);
  }
  return Status.END;
}
