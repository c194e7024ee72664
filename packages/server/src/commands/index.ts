/**
 * From a decoded request to the command that serves it: one switch, the only door of this folder for the session.
 *
 * Data commands are called directly, by their number and their dialect; everything that administers goes to admin.ts. A command appends
 * its reply to worker.output and answers an Outcome.
 */
import { Dialect, Op, Status, writeBinaryEmpty, writeStatus } from '@shoal/protocol';
import { beginConfigSet } from '../config-upload.js';
import { CloseReason, Outcome, type WorkerContext } from '../worker-context.js';
import { runAdmin } from './admin.js';
import { deltaBinary, deltaText } from './arithmetic.js';
import { getAndTouchBinary, getBinary } from './binary-retrieval.js';
import type { CommandSession } from './context.js';
import { deleteBinary, deleteText } from './deletion.js';
import { deltaMeta } from './meta-arithmetic.js';
import { debugMeta } from './meta-debug.js';
import { deleteMeta } from './meta-delete.js';
import { getMeta } from './meta-get.js';
import { getText } from './retrieval.js';
import { storeBinary, storeMeta, storeText } from './storage.js';
import { touchBinary, touchText } from './touch.js';

/** Runs worker.request. */
export function execute(worker: WorkerContext, session: CommandSession): number {
  return worker.request.dialect === Dialect.BINARY ? executeBinary(worker, session) : executeText(worker, session);
}

function executeText(worker: WorkerContext, session: CommandSession): number {
  switch (worker.request.op) {
    case Op.GET:
    case Op.GETS:
    case Op.GAT:
    case Op.GATS:
      return getText(worker, session);
    case Op.SET:
    case Op.ADD:
    case Op.REPLACE:
    case Op.APPEND:
    case Op.PREPEND:
    case Op.CAS:
      return storeText(worker, session);
    case Op.META_GET:
      return getMeta(worker, session);
    case Op.META_SET:
      return storeMeta(worker, session);
    case Op.META_NOOP:
      writeStatus(worker.output, Status.META_NOOP);
      return Outcome.OPEN;
    case Op.META_DELETE:
      return deleteMeta(worker, session);
    case Op.META_ARITHMETIC:
      return deltaMeta(worker, session);
    case Op.META_DEBUG:
      return debugMeta(worker, session);
    case Op.DELETE:
      return deleteText(worker, session);
    case Op.INCR:
    case Op.DECR:
      return deltaText(worker, session);
    case Op.TOUCH:
      return touchText(worker, session);
    case Op.QUIT:
      return quit(session);
    default:
      return executeRare(worker, session);
  }
}

function executeBinary(worker: WorkerContext, session: CommandSession): number {
  const { request, output } = worker;
  switch (request.op) {
    case Op.GET:
    case Op.GETK:
      return getBinary(worker, session);
    case Op.SET:
    case Op.ADD:
    case Op.REPLACE:
    case Op.APPEND:
    case Op.PREPEND:
      return storeBinary(worker, session);
    case Op.GAT:
    case Op.GATK:
      return getAndTouchBinary(worker, session);
    case Op.TOUCH:
      return touchBinary(worker, session);
    case Op.DELETE:
      return deleteBinary(worker, session);
    case Op.INCR:
    case Op.DECR:
      return deltaBinary(worker, session);
    case Op.NOOP:
      writeBinaryEmpty(output, request.opcode, request.opaque, 0, 0);
      return Outcome.OPEN;
    case Op.QUIT:
      if (!request.noreply) writeBinaryEmpty(output, request.opcode, request.opaque, 0, 0);
      return quit(session);
    default:
      return executeRare(worker, session);
  }
}

function quit(session: CommandSession): number {
  session.connection.closeReason = CloseReason.NORMAL;
  return Outcome.CLOSE;
}

/** What administers the node, and the discovery configuration. */
function executeRare(worker: WorkerContext, session: CommandSession): number {
  const { request, output } = worker;
  if (request.op !== Op.CONFIG_SET) return runAdmin(worker, session.connection);
  const mark = output.at;
  const upload = beginConfigSet(worker);
  return upload === null ? session.refuse(mark, request.swallowBytes) : session.awaitUpload(upload);
}
