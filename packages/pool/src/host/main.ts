/**
 * Entry of the host: a detached process, the node:cluster primary of the nodes that one data directory has on this machine.
 *
 * Started by drivers/process-start.ts as `node main.js <data-dir> [<idle bound in ms>]`; outlives the daemon, so that a daemon can die
 * and come back without a node noticing. It ends when it is told to, on SIGTERM (its nodes first), when its data directory
 * is gone or has another host, and when it has had neither a node nor a daemon for a while. docs/decisions/0023-host-process.md
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { pino } from 'pino';
import { Host } from './host.js';
import { type HostFiles, hostFilesIn } from './host-files.js';
import { HostListener } from './host-listener.js';
import { EXIT_TAKEN, ownsHostLock, releaseHostLock, takeHostLock } from './host-lock.js';
import { endAbandonedNodes, NodeRoll } from './node-roll.js';
import { RotatingFile } from './rotating-file.js';

const EXIT_USAGE = 64;
const IDLE_BOUND_MS = 15_000;
const LOOK_MS = 1000;
/** After SIGTERM, for nodes to finish what is in flight. */
const GRACE_MS = 5000;
const OWNER_ONLY_FOLDER = 0o700;

interface HostProcessParts {
  readonly files: HostFiles;
  readonly idleBoundMs: number;
}

class HostProcess {
  readonly #files: HostFiles;
  readonly #idleBoundMs: number;
  readonly #log: (message: string) => void;
  readonly #host: Host;
  readonly #listener: HostListener;
  #neededAtMs = performance.now();
  #isEnding = false;

  constructor({ files, idleBoundMs }: HostProcessParts) {
    this.#files = files;
    this.#idleBoundMs = idleBoundMs;
    const log = pino({ base: { pid: process.pid } }, new RotatingFile(files.log));
    this.#log = (message) => log.info(message);
    this.#host = new Host({
      nodeLogs: files.nodeLogs,
      roll: new NodeRoll(files.nodes),
      onExit: (exit) => this.#listener.tell(exit),
      log: this.#log,
    });
    this.#listener = new HostListener({
      path: files.socket,
      host: this.#host,
      version: ownVersion(),
      onShutDown: () => void this.#end('asked to'),
    });
  }

  async run(): Promise<void> {
    this.#heedSignals();
    await endAbandonedNodes(this.#files.nodes);
    mkdirSync(this.#files.nodeLogs, { recursive: true, mode: OWNER_ONLY_FOLDER });
    await this.#listener.listen();
    this.#log(`Host of ${this.#files.folder} is ready`);
    setInterval(() => this.#lookAround(), LOOK_MS);
  }

  #heedSignals(): void {
    process.on('SIGTERM', () => void this.#end('SIGTERM'));
    // Both mean a terminal, which this process has none of: its daemon decides.
    for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
  }

  #lookAround(): void {
    if (this.#isEnding) return;
    if (!ownsHostLock(this.#files.lock)) {
      void this.#end('the data directory is gone, or has another host');
      return;
    }
    this.#listener.repair().catch((error: Error) => this.#log(`Cannot listen again: ${error.message}`));
    if (!this.#host.isEmpty || this.#listener.hasDaemon) this.#neededAtMs = performance.now();
    if (performance.now() - this.#neededAtMs > this.#idleBoundMs) void this.#end('nobody needs it');
  }

  async #end(reason: string): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#log(`Host ends: ${reason}`);
    await this.#host.shutDown(GRACE_MS);
    this.#listener.close();
    if (ownsHostLock(this.#files.lock)) for (const file of [this.#files.socket, this.#files.nodes]) removeFile(file);
    releaseHostLock(this.#files.lock);
    process.exit(0);
  }
}

function removeFile(path: string): void {
  if (existsSync(path)) rmSync(path, { force: true });
}

function ownVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

async function main(dataDir: string | undefined, idleBoundMs = IDLE_BOUND_MS): Promise<void> {
  if (dataDir === undefined || !(idleBoundMs >= 0)) {
    process.stderr.write('Cannot start the host: it is started by the pool, with a data directory\n');
    process.exit(EXIT_USAGE);
  }
  process.title = `shoal host ${dataDir}`;
  const files = hostFilesIn(dataDir);
  const owner = takeHostLock(files.lock);
  if (owner !== null) {
    process.stderr.write(`Cannot start the host of ${dataDir}: process ${owner.pid} is its host\n`);
    process.exit(EXIT_TAKEN);
  }
  await new HostProcess({ files, idleBoundMs }).run();
}

const [, , dataDir, idleBound] = process.argv;
await main(dataDir, idleBound === undefined ? undefined : Number(idleBound));
