/**
 * Runs programs for the compose test: each has a deadline, and all end when the test is to end. Used by every file here.
 *
 * Each is a process group of its own, so that what it has started ends with it. What it printed is the answer; one that
 * fails is an error with its last lines. Clean-up has programs of its own, which no signal ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Run {
  readonly deadlineMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly folder?: string;
}

const DEADLINE_MS = 60_000;
const OUTPUT_CHARACTERS_MAX = 16 * 1024 * 1024;
const LAST_LINES = 12;

export class Programs {
  readonly environment: Record<string, string | undefined>;
  readonly #signal: AbortSignal;

  constructor(signal = new AbortController().signal) {
    this.#signal = signal;
    // The builder that every engine has, and that composes of all ages use.
    this.environment = { ...process.env, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
  }

  /** What it printed on its standard output. */
  run(
    program: string,
    args: readonly string[],
    { deadlineMs = DEADLINE_MS, environment, folder }: Run = {},
  ): Promise<string> {
    const name = `${program} ${args.slice(0, 3).join(' ')}`;
    if (this.#signal.aborted) return Promise.reject(new Error(`${name}: the test ends`));
    const env = { ...this.environment, ...environment };
    const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Promise((resolve, reject) => {
      const texts = [textOf(child.stdout), textOf(child.stderr)];
      let end: string | null = null;
      const stop = (reason: string) => {
        end ??= reason;
        killGroup(child);
      };
      const timer = setTimeout(() => stop('no end in time'), deadlineMs);
      const onAbort = () => stop('the test ends');
      this.#signal.addEventListener('abort', onAbort);
      child.on('error', ({ message }) => {
        end ??= message.includes('ENOENT') ? 'it is not installed' : message;
      });
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', onAbort);
        const [output, errors] = texts.map((text) => text());
        if (code === 0 && end === null) resolve(output);
        else reject(new Error(`${name}: ${end ?? `exit code ${code ?? signal}`}${lastLines(output + errors)}`));
      });
    });
  }

  async succeeds(program: string, args: readonly string[], options?: Run): Promise<boolean> {
    return this.run(program, args, options).then(
      () => true,
      () => false,
    );
  }
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (more: string) => {
    text = (text + more).slice(-OUTPUT_CHARACTERS_MAX);
  });
  return () => text;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function lastLines(output: string): string {
  const said = output.trim().split('\n').slice(-LAST_LINES).join('\n');
  return said === '' ? '' : `\n${said}`;
}
