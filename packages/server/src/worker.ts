/**
 * Entry of a worker thread: attaches to what the main thread has made, puts together one WorkerContext, and lets the chosen
 * transport serve until an order ends it. Started by workers.ts with WorkerStart as workerData; an error here ends the thread
 * and, because it may have held a stripe of the store, the server.
 */
import type { ListenOptions } from 'node:net';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Dealing } from './dealing.js';
import { makeContext } from './make-context.js';
import type { WorkerOrder } from './messages.js';
import { Session } from './session.js';
import { TransportName } from './settings.js';
import { type LibcLoad, loadLibc } from './transport/libc.js';
import type { Listener, NativeParts, Transport, TransportParts } from './transport/transport.js';
import { Wakeups } from './wakeups.js';
import type { ServerParts } from './worker-parts.js';

export interface WorkerStart {
  readonly id: number;
  readonly parts: ServerParts;
  /** epoll: the listening sockets, for the worker that accepts. */
  readonly listeners: readonly Listener[];
  /** net: where this worker listens. */
  readonly listening: readonly ListenOptions[];
}

/** Only the code of the transport that serves is loaded. */
function openTransport(start: WorkerStart, base: TransportParts, libcLoad: LibcLoad): Promise<Transport> {
  const isNet = base.worker.settings.transport === TransportName.NET;
  return isNet ? openNet(start, base) : openNative(start, base, libcLoad);
}

async function openNet({ listening }: WorkerStart, base: TransportParts): Promise<Transport> {
  const { NetTransport } = await import('./transport/net.js');
  const transport = new NetTransport({ ...base, listening });
  base.worker.host.report({ kind: 'ready', endpoints: await transport.listen() });
  return transport;
}

/** On epoll or io_uring. */
async function openNative(
  { id, listeners, parts }: WorkerStart,
  base: TransportParts,
  { libc, reason }: LibcLoad,
): Promise<Transport> {
  if (libc === null) throw new Error(`Cannot serve without libc: ${reason}`);
  const transport = await makeNative({ ...base, libc, wakeDescriptor: parts.wakeups.descriptors[id], listeners });
  base.worker.host.report({ kind: 'ready', endpoints: [] });
  return transport;
}

async function makeNative(parts: NativeParts): Promise<Transport> {
  if (parts.worker.settings.transport === TransportName.URING) {
    const { UringTransport } = await import('./transport/uring/uring.js');
    return new UringTransport(parts);
  }
  const { EpollTransport } = await import('./transport/epoll.js');
  return new EpollTransport(parts);
}

async function serve(start: WorkerStart, port: MessagePort): Promise<void> {
  const libcLoad = await loadLibc();
  const worker = makeContext(start, port, libcLoad.libc);
  const base: TransportParts = {
    worker,
    table: worker.connections,
    wakeups: new Wakeups(start.parts.wakeups),
    nextOrder: () => receiveMessageOnPort(port)?.message as WorkerOrder | undefined,
    openSession: (connection) => new Session(worker, connection, connection),
    slowReaderMs: start.parts.slowReaderMs,
    acceptor: start.parts.acceptor,
    dealing: new Dealing(start.parts.dealing),
  };
  const transport = await openTransport(start, base, libcLoad);
  await transport.serve();
  worker.host.report({ kind: 'stopped' });
}

if (parentPort === null) throw new Error('Cannot serve: worker.ts is the entry of a worker thread');
await serve(workerData as WorkerStart, parentPort);
