/**
 * `-u`: the user a server becomes once its TCP sockets are bound, and before it has threads of its own.
 *
 * Called by main.ts through server.ts's hook. Supplementary groups, group and user are set in that order; glibc and musl
 * change all threads of the process. Who is not root stays who he is, as in memcached.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ServerStartError, StartErrorCode } from './start-errors.js';

/** Node.js has it, its type definitions do not. */
type WithInitgroups = NodeJS.Process & { initgroups?: (user: string, extraGroup: number) => void };

interface Account {
  readonly uid: number;
  readonly gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0 || process.geteuid?.() === 0;
}

/** Throws a ServerStartError if there is no such user or the change is refused. */
export function becomeUser(name: string): void {
  const account = findAccount(name);
  try {
    (process as WithInitgroups).initgroups?.(name, account.gid);
    process.setgid?.(account.gid);
    process.setuid?.(account.uid);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServerStartError(StartErrorCode.CANNOT_CHANGE_USER, `Cannot become user ${name}: ${reason}`, error);
  }
}

/** /etc/passwd knows most users; `id` also those of a directory service. */
function findAccount(name: string): Account {
  const account = fromPasswd(name) ?? fromId(name);
  if (account !== null) return account;
  throw new ServerStartError(StartErrorCode.NO_SUCH_USER, `Cannot become user ${name}: there is no such user`);
}

function fromPasswd(name: string): Account | null {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const fields = lines.map((line) => line.split(':')).find(([login]) => login === name);
    return fields === undefined ? null : { uid: Number(fields[2]), gid: Number(fields[3]) };
  } catch {
    return null;
  }
}

function fromId(name: string): Account | null {
  try {
    const ask = (flag: string) =>
      Number(execFileSync('id', [flag, '--', name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return null;
  }
}
