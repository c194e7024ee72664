/**
 * The Docker engine that the compose test works with: one that answers already, else one of its own in the scratch folder.
 *
 * Called by main.ts. An own engine needs root and an installed dockerd; it has a socket, data and a pid file of its own, and
 * is ended by its pid. Engines share the machine's bridge, so only one may run containers at a time. A NoEngine says why
 * there is none.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../harness/eventually.js';
import type { Programs } from './programs.js';

const ANSWER_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 60_000;
const END_DEADLINE_MS = 30_000;
const LAST_LINES = 5;

export interface Engine {
  /** What DOCKER_HOST has to say; null: as it says already. */
  readonly host: string | null;
  end(cleaning: Programs): Promise<void>;
}

/** Nothing of ours is wrong: there is no engine here, or nothing that it could run. */
export class NoEngine extends Error {}

export async function openEngine(programs: Programs, scratch: string): Promise<Engine> {
  if (await answers(programs)) return { host: null, end: async () => {} };
  if (!(await programs.succeeds('dockerd', ['--version']))) throw new NoEngine('dockerd is not installed');
  if (process.getuid?.() !== 0) throw new NoEngine('no engine answers, and only root may start one');
  return startEngine(programs, scratch);
}

function answers(programs: Programs, environment: Record<string, string> = {}): Promise<boolean> {
  return programs.succeeds('docker', ['version'], { environment, deadlineMs: ANSWER_DEADLINE_MS });
}

async function startEngine(programs: Programs, scratch: string): Promise<Engine> {
  const [host, log] = [`unix://${join(scratch, 'docker.sock')}`, join(scratch, 'dockerd.log')];
  const output = openSync(log, 'a');
  const args = [
    ...['--data-root', join(scratch, 'data'), '--exec-root', join(scratch, 'exec')],
    ...['--host', host, '--pidfile', join(scratch, 'dockerd.pid')],
  ];
  // In a group of its own: Ctrl-C ends the test, which ends the engine when its containers are gone.
  const child = spawn('dockerd', args, { stdio: ['ignore', output, output], detached: true });
  const end = async (cleaning: Programs) => {
    await endEngine(child);
    await unmountAll(cleaning, scratch);
  };
  try {
    await eventually(
      'the engine to answer',
      async () => {
        if (hasEnded(child)) throw new Error('it ended');
        return answers(programs, { DOCKER_HOST: host });
      },
      START_DEADLINE_MS,
    );
  } catch (error) {
    await end(programs);
    const said = readFileSync(log, 'utf8').trim().split('\n').slice(-LAST_LINES).join('\n');
    throw new NoEngine(`dockerd does not start here: ${(error as Error).message}\n${said}`);
  }
  return { host, end };
}

async function endEngine(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const isLate = await Promise.race([ended.then(() => false), pause(END_DEADLINE_MS, true, { ref: false })]);
  if (!isLate) return;
  child.kill('SIGKILL');
  await ended;
}

/** An engine leaves the network namespace of its host mounted, and everything if it was killed. */
async function unmountAll(cleaning: Programs, folder: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) await cleaning.run('umount', ['--lazy', point]);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
