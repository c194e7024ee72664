/**
 * A Shoal server with one worker whose heap can be watched: collections as V8 prints them, and where was allocated as the
 * inspector tells it. Used by allocation.ts. Every question has a deadline; the process is tracked and killed with the bench.
 *
 * Which isolate is the worker's is found by asking it for a collection: the line that V8 prints then carries its address.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SHOAL_BIN, sharedFlags } from '../peers/contenders.js';
import { freePort, trackChild } from '../peers/server-process.js';
import type { ProbeAnswer, ProbeQuestion } from './heap-probe.js';

const PROBE = fileURLToPath(new URL('./heap-probe.js', import.meta.url));
const WORKER = '/server/dist/bundled/worker.js';
const ANSWER_MS = 20_000;
const READY_MS = 20_000;
const STOP_MS = 5000;

interface SampledNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly SampledNode[];
}

export interface AllocationSite {
  readonly place: string;
  readonly bytes: number;
}

export class ProbedServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: ProbeAnswer) => void>();
  /** The isolate of each collection that V8 has printed. */
  readonly #collected: string[] = [];
  #isolate = '';
  #nextId = 1;
  #tail = '';

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    child.on('message', (answer: ProbeAnswer) => this.#waiting.get(answer.id)?.(answer));
    child.stdout?.on('data', (text: Buffer) => this.#readTrace(text.toString()));
  }

  /** @param pinning command in front that binds it to cores. */
  static async start(transport: string, pinning: readonly string[]): Promise<ProbedServer> {
    const port = await freePort();
    const flags = ['--trace-gc', '--import', PROBE, SHOAL_BIN, 'server', ...sharedFlags(1)];
    const listen = ['--transport', transport, '-l', '127.0.0.1', '-p', String(port)];
    const [program, ...args] = [...pinning, process.execPath, ...flags, ...listen];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
    trackChild(child);
    const server = new ProbedServer(port, child);
    await server.#findIsolate();
    return server;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Of the worker's heap so far. */
  get collections(): number {
    return this.#collected.filter((isolate) => isolate === this.#isolate).length;
  }

  /** Sees about one allocation in each `intervalBytes`, whether it lives on or not. */
  async startSampling(intervalBytes: number): Promise<void> {
    await this.#ask('HeapProfiler.startSampling', {
      samplingInterval: intervalBytes,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }

  /** Where was allocated, the most first. */
  async stopSampling(): Promise<AllocationSite[]> {
    const { profile } = (await this.#ask('HeapProfiler.stopSampling')) as { profile: { head: SampledNode } };
    const bytesOf = new Map<string, number>();
    const visit = ({ callFrame, selfSize, children }: SampledNode): void => {
      const place = `${callFrame.functionName || '(anonymous)'} ${callFrame.url.split('/').pop()}:${callFrame.lineNumber + 1}`;
      if (selfSize > 0) bytesOf.set(place, (bytesOf.get(place) ?? 0) + selfSize);
      children.forEach(visit);
    };
    visit(profile.head);
    return [...bytesOf].map(([place, bytes]) => ({ place, bytes })).sort((one, other) => other.bytes - one.bytes);
  }

  async #findIsolate(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (this.#isolate === '') {
      if (performance.now() > deadline) throw new Error(`Cannot probe the server: no worker within ${READY_MS} ms`);
      await delay(500);
      const before = this.#collected.length;
      const isDone = await this.#ask('HeapProfiler.collectGarbage').then(
        () => true,
        () => false,
      );
      await delay(100);
      if (isDone) this.#isolate = this.#collected.slice(before).at(-1) ?? '';
    }
  }

  async #ask(method: string, params?: object): Promise<unknown> {
    const id = this.#nextId++;
    const answered = new Promise<ProbeAnswer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Cannot probe the server: no answer to ${method}`)), ANSWER_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    this.#child.send({ id, thread: WORKER, method, params } satisfies ProbeQuestion);
    const { result, error } = await answered.finally(() => this.#waiting.delete(id));
    if (error !== undefined) throw new Error(`Cannot probe the server: ${method}: ${error}`);
    return result;
  }

  /** `[pid:0xisolate] 139 ms: Scavenge 4.3 (4.5) -> 3.7 (5.5) MB, …` */
  #readTrace(text: string): void {
    const lines = (this.#tail + text).split('\n');
    this.#tail = lines.pop() ?? '';
    for (const line of lines) {
      const match = /^\[\d+:(0x[0-9a-f]+)\] .*(?:Scavenge|Mark-Compact)/.exec(line);
      if (match !== null) this.#collected.push(match[1]);
    }
  }
}
