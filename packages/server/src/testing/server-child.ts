/**
 * A server in a process of its own, for tests of what concerns the process: signals, files, user, background.
 *
 * It runs run-server.mjs on an ephemeral port and writes its files into a folder of its own, which goes with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServerOptions } from '@shoal/server';

const SCRIPT = fileURLToPath(new URL('./run-server.mjs', import.meta.url));
const POLL_MS = 10;

export class ServerChild {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-main-'));
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  output = '';

  constructor(options: ServerOptions, environment: Record<string, string> = {}) {
    const args = [
      SCRIPT,
      JSON.stringify({ port: 0, listen: ['127.0.0.1'], threads: 1, pidFile: this.pidFile, ...options }),
    ];
    this.process = spawn(process.execPath, args, {
      env: { ...process.env, MEMCACHED_PORT_FILENAME: this.portFile, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk;
      });
    }
    this.exited = new Promise((resolve) => this.process.once('close', (code) => resolve(code)));
  }

  get portFile(): string {
    return join(this.folder, 'ports');
  }

  get pidFile(): string {
    return join(this.folder, 'pid');
  }

  /** The log's lines of this process. */
  get log(): { msg: string; [field: string]: unknown }[] {
    return this.output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** The port, once the server listens: its file is written before that. */
  async port(): Promise<number> {
    const port = Number(/TCP INET: (\d+)/.exec(await this.content(this.portFile))?.[1]);
    while (!(await accepts(port))) {
      if (this.process.exitCode) throw new Error(`It has ended: ${this.output}`);
      await pause(POLL_MS);
    }
    return port;
  }

  /** The content of a file that the server will write. */
  async content(file: string): Promise<string> {
    for (;;) {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        if (this.process.exitCode !== null && this.process.exitCode !== 0)
          throw new Error(`It has ended: ${this.output}`);
        await pause(POLL_MS);
      }
    }
  }

  remove(): void {
    this.process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
