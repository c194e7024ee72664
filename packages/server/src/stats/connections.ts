/**
 * `stats conns`: address and state of every connection and listener, by ascending number.
 *
 * Rows of other workers change while they are read: a line may be a moment old, as in memcached. The table
 * does not follow a connection through each command (that would cost every command a shared write), so the
 * asker's own row is the one shown as parsing.
 */
import { ConnectionState } from '../connection-table.js';
import type { ConnectionInfo, WorkerContext } from '../worker-context.js';
import type { StatReport } from './report.js';

/** Indexed by ConnectionState. */
const STATE_WORDS = [
  'conn_listening',
  'conn_new_cmd',
  'conn_waiting',
  'conn_read',
  'conn_parse_cmd',
  'conn_write',
  'conn_nread',
  'conn_swallow',
  'conn_closing',
  'conn_mwrite',
  'conn_closed',
  'conn_watch',
];

export function reportConnections(worker: WorkerContext, asker: ConnectionInfo, report: StatReport): void {
  const { connections } = worker;
  const now = worker.store.now();
  for (let row = 0; row < connections.capacity; row++) {
    if (!connections.isUsed(row)) continue;
    const isAsker = row === asker.row;
    const state = isAsker ? ConnectionState.PARSE_CMD : connections.state(row);
    report.stat(`${row}:addr`, connections.address(row));
    if (state !== ConnectionState.LISTENING) report.stat(`${row}:listen_addr`, connections.listenAddress(row));
    report.stat(`${row}:state`, STATE_WORDS[state]);
    report.stat(`${row}:secs_since_last_cmd`, isAsker ? 0 : now - connections.lastCommandSeconds(row));
  }
}
