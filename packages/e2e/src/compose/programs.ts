/**
 * Runs programs for the compose test: each has a deadline, and all end when the test is to end. Used by every file here.
 *
 * What a program printed is the answer; one that fails is an error with its last lines. Clean-up has programs of its own,
 * which no signal ends.
 */
import { type ExecFileException, execFile } from 'node:child_process';

export interface Run {
  readonly deadlineMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly folder?: string;
}

const DEADLINE_MS = 60_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const LAST_LINES = 12;

export class Programs {
  readonly environment: Record<string, string | undefined>;
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    // The builder that every engine has, and that composes of all ages use.
    this.environment = { ...process.env, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
  }

  /** What it printed on its standard output. */
  run(program: string, args: readonly string[], { deadlineMs = DEADLINE_MS, environment, folder }: Run = {}) {
    return new Promise<string>((resolve, reject) => {
      const options = {
        cwd: folder,
        env: { ...this.environment, ...environment },
        timeout: deadlineMs,
        killSignal: 'SIGKILL' as const,
        signal: this.#signal,
        maxBuffer: OUTPUT_BYTES_MAX,
      };
      execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${program} ${args.slice(0, 3).join(' ')}: ${reasonOf(error, stdout + stderr)}`));
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

function reasonOf({ code, killed, message }: ExecFileException, output: string): string {
  if (code === 'ENOENT') return 'it is not installed';
  const said = output.trim().split('\n').slice(-LAST_LINES).join('\n');
  const end = killed ? 'no end in time' : typeof code === 'number' ? `exit code ${code}` : message;
  return said === '' ? end : `${end}\n${said}`;
}
