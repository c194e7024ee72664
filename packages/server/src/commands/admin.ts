/**
 * Every command that is not about an item: which file answers it, in text and binary.
 *
 * Called by the session once a command is decoded. The reply is appended whole to the worker's output, so it leaves
 * in one send. These commands are rare: they may allocate and read all threads' rows, which data commands never do.
 */
import {
  BINARY_VERSION,
  BinaryStatus,
  Dialect,
  Op,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeBinaryText,
  writeStatus,
} from '@shoal/protocol';
import { type ConnectionInfo, Outcome, type WorkerContext } from '../worker-context.js';
import { serveConfig } from './config.js';
import { controlCrawler } from './crawler.js';
import { flushAll } from './flush.js';
import { tuneLru } from './lru.js';
import { moveClock, refreshCertificates, setMemoryLimit, setVerbosity, shutdown } from './process.js';
import { controlSlabs } from './slabs.js';
import { reportBinary, reportText } from './statistics.js';
import { watch } from './watch.js';
import { wordsOf } from './words.js';

/** Runs worker.request, whose op is FLUSH_ALL or one that follows, or CONFIG_* but CONFIG_SET; answers an Outcome. */
export function runAdmin(worker: WorkerContext, connection: ConnectionInfo): number {
  const { op, dialect } = worker.request;
  if (op >= Op.CONFIG_GET && op <= Op.CONFIG_LIST) {
    serveConfig(worker, connection);
    return Outcome.OPEN;
  }
  if (dialect === Dialect.BINARY) {
    runBinary(worker);
    return Outcome.OPEN;
  }
  const status = runText(worker, connection);
  if (!worker.request.noreply) writeStatus(worker.output, status);
  if (connection.outbox >= 0) return Outcome.STREAM;
  return op === Op.SHUTDOWN && status === Status.NONE ? Outcome.CLOSE : Outcome.OPEN;
}

/** Answers the Status to say, NONE if the reply is written already. */
function runText(worker: WorkerContext, connection: ConnectionInfo): number {
  const words = wordsOf(worker);
  switch (worker.request.op) {
    case Op.FLUSH_ALL:
      return flushAll(worker);
    case Op.VERSION:
      return Status.VERSION;
    case Op.VERBOSITY:
      setVerbosity(worker, worker.request.deltaLow >>> 0);
      return Status.OK;
    case Op.STATS:
      return reportText(worker, connection, words);
    case Op.SHUTDOWN:
      return shutdown(worker, connection, words);
    case Op.CACHE_MEMLIMIT:
      return setMemoryLimit(worker, words);
    case Op.LRU:
      return tuneLru(worker, words);
    case Op.LRU_CRAWLER:
      return controlCrawler(worker, connection, words);
    case Op.SLABS:
      return controlSlabs(worker, words);
    case Op.WATCH:
      return watch(worker, connection, words);
    case Op.DEBUGTIME:
      return moveClock(worker, words);
    case Op.REFRESH_CERTS:
      return refreshCertificates();
    default:
      return Status.ERROR;
  }
}

function runBinary(worker: WorkerContext): void {
  const { output, request } = worker;
  const { opcode, opaque } = request;
  switch (request.op) {
    case Op.FLUSH_ALL:
      answerFlush(worker);
      break;
    case Op.VERSION:
      writeBinaryText(output, opcode, opaque, BINARY_VERSION);
      break;
    case Op.VERBOSITY:
      setVerbosity(worker, request.deltaLow >>> 0);
      writeBinaryEmpty(output, opcode, opaque, 0, 0);
      break;
    case Op.STATS:
      reportBinary(worker);
      break;
    default:
      writeBinaryError(output, opcode, BinaryStatus.UNKNOWN_COMMAND, opaque, 0, 0);
  }
}

function answerFlush(worker: WorkerContext): void {
  const { output, request } = worker;
  const status = flushAll(worker);
  if (status !== BinaryStatus.SUCCESS) writeBinaryError(output, request.opcode, status, request.opaque, 0, 0);
  else if (!request.noreply) writeBinaryEmpty(output, request.opcode, request.opaque, 0, 0);
}
