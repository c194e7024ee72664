/**
 * `shoal pool` as somebody types it, in a process and a data directory of its own, and `shoal cluster` beside it. Used by
 * docker-driver.ts.
 *
 * `remove` takes away the daemon and, where a test broke off, the containers that it has left: by their label, which has its id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PoolClient } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';
import { ROOT } from '../house-rules/source-file.js';
import type { Programs } from './programs.js';

const SHOAL = join(ROOT, 'packages/cli/bin/shoal.js');
const OUTPUT_CHARACTERS_MAX = 4096;
const START_DEADLINE_MS = 20_000;

export class DaemonCommand {
  readonly #directory = mkdtempSync(join(tmpdir(), 'shoal-docker-'));
  readonly client = new PoolClient(join(this.#directory, 'pool.sock'));
  readonly #programs: Programs;
  #flags: readonly string[] = [];
  #child: ChildProcess | null = null;
  #output = '';
  #id = '';

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  async start(flags: readonly string[]): Promise<void> {
    this.#flags = flags;
    await this.startAgain();
  }

  async startAgain(): Promise<void> {
    const args = [SHOAL, 'pool', '--data-dir', this.#directory, ...this.#flags];
    const child = spawn(process.execPath, args, { env: this.#programs.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS_MAX);
      });
    const isUp = async () => {
      const { Pool } = await this.client.describePool();
      this.#id = Pool.DaemonId;
      return Pool.ProcessId === child.pid;
    };
    const answers = () => {
      if (child.exitCode !== null) throw new Error(`The daemon ended: ${this.#output}`);
      return isUp().catch(() => false);
    };
    await eventually('the daemon to answer', answers, START_DEADLINE_MS);
  }

  cluster(...words: readonly string[]): Promise<string> {
    return this.#programs.run(process.execPath, [SHOAL, 'cluster', ...words, '--data-dir', this.#directory]);
  }

  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async remove(programs: Programs): Promise<void> {
    await this.#end('SIGTERM');
    const left = this.#id === '' ? [] : await containersOf(programs, `shoal.pool=${this.#id}`);
    if (left.length > 0) await programs.succeeds('docker', ['rm', '-fv', ...left]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** Running or not. */
export async function containersOf(programs: Programs, label: string): Promise<readonly string[]> {
  const ids = await programs.run('docker', ['ps', '-aq', '--filter', `label=${label}`]);
  return ids.split('\n').filter((id) => id !== '');
}
