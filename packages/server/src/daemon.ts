/**
 * `-d`: the server goes to the background. The process that was started starts itself again, detached, and leaves when that
 * child says that it listens, with the child's exit code if it never does.
 *
 * Node.js cannot fork, so the child runs the same command line once more and knows by DAEMON_CHILD what it is. The two talk
 * over the child's IPC channel, which closes with the parent. Standard output stays only with -v, as in memcached.
 */
import { spawn } from 'node:child_process';
import { ExitCode } from './start-errors.js';

const DAEMON_CHILD = 'SHOAL_DAEMON_CHILD';

type DaemonNews = { readonly kind: 'serving' } | { readonly kind: 'failed'; readonly line: string };

/** In the parent: resolves with the exit code once the child serves or has failed. */
export function startDaemonChild(keepsOutput: boolean): Promise<number> {
  const output = keepsOutput ? 'inherit' : 'ignore';
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, [DAEMON_CHILD]: '1' },
  });
  return new Promise((resolve) => {
    child.on('message', (news: DaemonNews) => {
      if (news.kind === 'failed') {
        process.stderr.write(`${news.line}\n`);
        return;
      }
      child.disconnect();
      child.unref();
      resolve(ExitCode.OK);
    });
    child.once('error', (error) => {
      process.stderr.write(`Cannot go to the background: ${error.message}\n`);
      resolve(ExitCode.OS_ERROR);
    });
    child.once('exit', (code) => resolve(code ?? ExitCode.SOFTWARE));
  });
}

/** What a daemon's child tells its parent; outside of one it says nothing. */
export class DaemonChild {
  readonly isOne: boolean;

  constructor() {
    this.isOne = process.env[DAEMON_CHILD] === '1' && process.send !== undefined;
    // Whatever the server starts itself is no daemon's child.
    delete process.env[DAEMON_CHILD];
  }

  reportServing(): void {
    this.#tell({ kind: 'serving' });
  }

  reportFailure(line: string): void {
    this.#tell({ kind: 'failed', line });
  }

  #tell(news: DaemonNews): void {
    if (!this.isOne || !process.connected) return;
    process.send?.(news, () => {
      if (process.connected) process.disconnect();
    });
  }
}
