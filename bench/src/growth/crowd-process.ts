/**
 * A crowd of silent connections to one server, open for as long as points are measured beside it.
 *
 * Called by sampling.ts. What the server's CPU rose by while the crowd came in is what taking in one connection costs.
 * Bounded: a crowd that is not there within READY_MS fails the run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CpuReader } from '../machine/cpu-reader.js';
import { type ServerProcess, trackChild } from '../peers/server-process.js';

const CROWD_ENTRY = fileURLToPath(new URL('crowd.js', import.meta.url));
const READY_MS = 60_000;

export interface Crowd {
  /** Server CPU for taking in one connection and answering its first command. */
  readonly microsPerConnection: number;
  readonly residentBytesPerConnection: number;
  close(): Promise<void>;
}

export async function openCrowd(server: ServerProcess, count: number, filePrefix: readonly string[]): Promise<Crowd> {
  const reader = new CpuReader(server.pid);
  const before = { nanos: reader.nanos(), residentBytes: reader.residentBytes() };
  const [program, ...args] = [...filePrefix, process.execPath, CROWD_ENTRY, String(server.port), String(count)];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  trackChild(child);
  const lines = createInterface({ input: child.stdout });
  const signal = AbortSignal.timeout(READY_MS);
  await Promise.race([once(lines, 'line', { signal }), once(child, 'exit', { signal }).then(failEarly)]);
  return {
    microsPerConnection: (reader.nanos() - before.nanos) / 1000 / count,
    residentBytesPerConnection: (reader.residentBytes() - before.residentBytes) / count,
    close: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function failEarly(): never {
  throw new Error('Cannot open a crowd of connections: its process has ended');
}
