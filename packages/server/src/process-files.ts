/**
 * The files that tell others about a server process: `-P` says its id, MEMCACHED_PORT_FILENAME the ports it listens on.
 *
 * Written by main.ts when all addresses are bound and nobody can connect yet, so that whoever gets a connection finds them.
 * A file that cannot be written is logged and the server goes on, as in memcached. The pid file is removed at the end of a
 * daemon only. Port file lines are memcached's, `TCP INET: 11211`, in NAME.lck first, which is renamed when complete.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Endpoint, Family } from './connection-table.js';
import type { Log } from './log.js';
import type { ResolvedServerOptions } from './options.js';

export class ProcessFiles {
  readonly #pidFile: string | null;
  readonly #isDaemon: boolean;
  readonly #portFile: string | undefined;
  readonly #log: Log;
  #isPidWritten = false;
  #portsWritten = 0;

  constructor({ pidFile, daemon }: ResolvedServerOptions, log: Log) {
    this.#pidFile = pidFile;
    this.#isDaemon = daemon;
    this.#portFile = process.env.MEMCACHED_PORT_FILENAME;
    this.#log = log;
  }

  write(endpoints: readonly Endpoint[]): void {
    const portFile = this.#portFile;
    const pidFile = this.#pidFile;
    this.#portsWritten = endpoints.length;
    if (portFile !== undefined) this.#try(portFile, () => writePortFile(portFile, endpoints));
    if (pidFile === null) return;
    this.#try(pidFile, () => {
      writeFileSync(pidFile, `${process.pid}\n`);
      this.#isPidWritten = true;
    });
  }

  /** Without libc the ports are known only when a worker listens. */
  writeLatePorts(endpoints: readonly Endpoint[]): void {
    const portFile = this.#portFile;
    if (portFile !== undefined && this.#portsWritten < endpoints.length) {
      this.#try(portFile, () => writePortFile(portFile, endpoints));
    }
  }

  remove(): void {
    const pidFile = this.#pidFile;
    if (pidFile !== null && this.#isPidWritten && this.#isDaemon) this.#try(pidFile, () => rmSync(pidFile));
  }

  #try(path: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#log.error({ path, code }, 'Cannot write or remove a file');
    }
  }
}

export function writePortFile(path: string, endpoints: readonly Endpoint[]): void {
  const temporary = `${path}.lck`;
  writeFileSync(temporary, endpoints.map(portLine).join(''));
  renameSync(temporary, path);
}

function portLine({ family, port }: Endpoint): string {
  if (family === Family.UNIX) return '';
  return `TCP ${family === Family.IPV6 ? 'INET6' : 'INET'}: ${port}\n`;
}
