/**
 * The `shoal` command as an operator runs it: a process, its two outputs and its exit code; and a pool daemon started with
 * it, on a data directory of its own, that ends with all its nodes. Used by the tests of this folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PoolClient } from '@shoal/pool/api-client';
import { eventually } from '../harness/eventually.js';

const SHOAL = fileURLToPath(new URL('../../../cli/bin/shoal.js', import.meta.url));
/** What a command that does not end by itself is ended at. A daemon lives as long as its suite takes on a slow machine. */
const LIFETIME_MS = 900_000;

/** A command that runs; what it has printed so far. */
export class ShoalProgram {
  text = '';
  errors = '';
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;

  constructor(args: readonly string[]) {
    this.#process = spawn(process.execPath, [SHOAL, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIFETIME_MS,
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text) => {
      this.text += text;
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.errors += text;
    });
    this.ended = once(this.#process, 'close').then(([exitCode]) => exitCode);
  }

  /** Waits until it has printed this. */
  async prints(pattern: RegExp): Promise<void> {
    let hasEnded = false;
    void this.ended.then(() => {
      hasEnded = true;
    });
    await eventually(`shoal to print ${pattern}`, () => {
      if (pattern.test(this.text)) return true;
      if (hasEnded) throw new Error(`shoal left before it printed ${pattern}: ${this.text}${this.errors}`);
      return false;
    });
  }

  /** Ctrl-C; answers the exit code. */
  stop(): Promise<number | null> {
    this.#process.kill('SIGINT');
    return this.ended;
  }
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly text: string;
  readonly errors: string;
}

export async function shoal(...args: readonly string[]): Promise<Outcome> {
  const program = new ShoalProgram(args);
  const exitCode = await program.ended;
  return { exitCode, text: program.text, errors: program.errors };
}

export class ShoalPool {
  readonly directory = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
  readonly client = new PoolClient(join(this.directory, 'pool.sock'));
  #daemon: ShoalProgram | null = null;

  async start(...flags: readonly string[]): Promise<void> {
    const args = ['pool', '--data-dir', this.directory, '--on-stop', 'stop', '--log-level', 'warn', ...flags];
    this.#daemon = new ShoalProgram(args);
    await eventually('the pool to answer', () =>
      this.client.describePool().then(
        () => true,
        () => false,
      ),
    );
  }

  /** A command that speaks to this pool. */
  shoal(...args: readonly string[]): Promise<Outcome> {
    return shoal(...args, '--data-dir', this.directory);
  }

  /** The same with --json: what it printed. Throws when it was refused. */
  async json<Result>(...args: readonly string[]): Promise<Result> {
    const { exitCode, text, errors } = await this.shoal(...args, '--json');
    if (exitCode !== 0) throw new Error(`shoal ${args.join(' ')} left with ${exitCode}: ${errors}`);
    return JSON.parse(text) as Result;
  }

  /** Answers the daemon's exit code. */
  async stop(): Promise<number | null> {
    const exitCode = (await this.#daemon?.stop()) ?? null;
    rmSync(this.directory, { recursive: true, force: true });
    return exitCode;
  }
}

/** Runs `work` while a stranger listens on a port. */
export async function withPortTaken<Result>(work: (port: number) => Promise<Result>): Promise<Result> {
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  try {
    return await work((stranger.address() as { readonly port: number }).port);
  } finally {
    stranger.close();
  }
}
