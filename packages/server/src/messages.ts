/**
 * What main thread and workers say to each other, and the worker's way of saying it.
 *
 * Rare things only: start, stop, commands that concern the whole process, and lines for the log, which workers never write
 * themselves. A worker on epoll posts from inside its loop and reads its own messages when it is woken (Wakeups).
 */
import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from './connection-table.js';

/** Main thread → worker. */
export type WorkerOrder =
  /** Accept nothing more, finish what is in flight for at most `boundMs`, then leave. */
  | { readonly kind: 'close'; readonly boundMs: number }
  /** Drop everything and leave. */
  | { readonly kind: 'destroy' };

export type ReportLevel = 'debug' | 'info' | 'warn' | 'error';

/** Worker → main thread. */
export type WorkerReport =
  /** It serves; where it listens, if it opened its listeners itself. */
  | { readonly kind: 'ready'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'shutdown-requested'; readonly graceful: boolean }
  | { readonly kind: 'watchers-changed' }
  | { readonly kind: 'maintenance-wanted' }
  | { readonly kind: 'log'; readonly level: ReportLevel; readonly text: string; readonly fields: object };

export class HostLink {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  report(message: WorkerReport): void {
    this.#port.postMessage(message);
  }

  /** The `shutdown` command. */
  requestShutdown(graceful: boolean): void {
    this.report({ kind: 'shutdown-requested', graceful });
  }

  /** Somebody began or ceased to watch. */
  watchersChanged(): void {
    this.report({ kind: 'watchers-changed' });
  }

  /** A crawl, a key dump or a page move was asked for: the maintenance thread should look now. */
  wakeMaintenance(): void {
    this.report({ kind: 'maintenance-wanted' });
  }

  log(level: ReportLevel, text: string, fields: object = {}): void {
    this.report({ kind: 'log', level, text, fields });
  }
}
