/**
 * Loaded into a server before anything else (`node --import`): lets the parent ask V8 about the heap of a worker.
 *
 * A worker on epoll never returns to its event loop, so no message reaches it; the inspector's do, because V8 looks for
 * them wherever it checks for interrupts. The main thread passes them on: the parent sends { id, thread, method, params } over the
 * channel of the fork and gets { id, result }. Used by probed-server.ts alone. Costs the server nothing between two questions.
 */
import { type InspectorNotification, Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';

export interface ProbeQuestion {
  readonly id: number;
  /** Part of the URL of the worker's file. */
  readonly thread: string;
  readonly method: string;
  readonly params?: object;
}

export interface ProbeAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Attached {
  readonly sessionId: string;
  readonly workerInfo: { readonly url: string };
}

class HeapProbe {
  readonly #session = new Session();
  readonly #attached: Attached[] = [];

  constructor(answer: (answer: ProbeAnswer) => void) {
    this.#session.connect();
    this.#session.on('NodeWorker.attachedToWorker', ({ params }: InspectorNotification<Attached>) => {
      this.#attached.push(params);
    });
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const { id, result, error } = JSON.parse(params.message);
      if (typeof id === 'number') answer({ id, result, error: error?.message });
    });
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /** False if there is no such thread. */
  ask({ id, thread, method, params }: ProbeQuestion): boolean {
    const attached = this.#attached.find(({ workerInfo }) => workerInfo.url.includes(thread));
    if (attached === undefined) return false;
    const message = JSON.stringify({ id, method, params });
    this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: attached.sessionId, message });
    return true;
  }
}

if (isMainThread && process.send !== undefined) {
  const answer = (message: ProbeAnswer): void => {
    process.send?.(message);
  };
  const probe = new HeapProbe(answer);
  process.on('message', (question: ProbeQuestion) => {
    if (!probe.ask(question)) answer({ id: question.id, error: `there is no thread ${question.thread}` });
  });
  process.channel?.unref();
}
