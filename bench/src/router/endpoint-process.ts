// Starts endpoint.ts as a child process, pinned like the nodes.
// Called by main.ts.
// Bounded: READY_MS to say its port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { trackChild } from '../peers/server-process.js';

const ENTRY = fileURLToPath(new URL('../../dist/router/endpoint.js', import.meta.url));
const READY_MS = 10_000;

export interface EndpointProcess {
  readonly pid: number;
  readonly port: number;
  readonly stop: () => void;
}

export async function startEndpoint(
  nodePorts: readonly number[],
  pinning: readonly string[],
): Promise<EndpointProcess> {
  const [program, ...args] = [...pinning, process.execPath, ENTRY, ...nodePorts.map(String)];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  trackChild(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  clearTimeout(timer);
  const port = Number(String(first));
  if (!Number.isInteger(port) || port < 1) throw new Error(`Cannot start the router: ${String(first)}`);
  return { pid: child.pid ?? 0, port, stop: () => child.kill('SIGTERM') };
}
