/**
 * One compose project of the repository's own file, under a name and on ports of its own. Used by the stages.
 *
 * Containers are looked at with the engine's own program, which both composes have in common. `down` takes everything away,
 * whatever state it is in.
 */
import { randomBytes } from 'node:crypto';
import { eventually } from '../harness/eventually.js';
import { ROOT } from '../house-rules/source-file.js';
import type { Programs, Run } from './programs.js';

/** The program and its first arguments: `docker-compose`, or `docker compose`. */
export type ComposeCommand = readonly [string, ...string[]];

const COMMANDS: readonly ComposeCommand[] = [['docker-compose'], ['docker', 'compose']];
const UP_DEADLINE_MS = 120_000;
const REMOVAL_DEADLINE_MS = 40_000;

export async function composeCommands(programs: Programs): Promise<readonly ComposeCommand[]> {
  const found: ComposeCommand[] = [];
  for (const [program, ...args] of COMMANDS) {
    if (await programs.succeeds(program, [...args, 'version'])) found.push([program, ...args]);
  }
  return found;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly user: string;
  readonly isRunning: boolean;
  readonly exitCode: number;
  readonly health: string;
}

/** As the engine tells it. */
interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Hostname: string; readonly User: string };
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
}

export class ComposeProject {
  readonly name = `shoaltest${randomBytes(4).toString('hex')}`;
  readonly #programs: Programs;
  readonly #command: ComposeCommand;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(programs: Programs, command: ComposeCommand, environment: Readonly<Record<string, string>>) {
    this.#programs = programs;
    this.#command = command;
    this.#environment = { ...environment, COMPOSE_PROJECT_NAME: this.name };
  }

  get network(): string {
    return `${this.name}_default`;
  }

  compose(args: readonly string[], { deadlineMs = UP_DEADLINE_MS }: Run = {}): Promise<string> {
    const [program, ...first] = this.#command;
    const options = { deadlineMs, environment: this.#environment, folder: ROOT };
    return this.#programs.run(program, [...first, ...args], options);
  }

  /** What runs already stays as it is; what is too many is stopped. */
  async up(scales: Readonly<Record<string, number>>, { profile, services = [] }: Profile = {}): Promise<void> {
    const profiles = profile === undefined ? [] : ['--profile', profile];
    const scaled = Object.entries(scales).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
    await this.compose([...profiles, 'up', '-d', '--no-recreate', '--no-build', ...scaled, ...services]);
  }

  /** Running or not, in the order in which they were made. */
  async containers(service: string): Promise<readonly Container[]> {
    const labels = [`project=${this.name}`, `service=${service}`];
    const filters = labels.flatMap((label) => ['--filter', `label=com.docker.compose.${label}`]);
    const ids = (await this.docker(['ps', '-aq', ...filters])).split('\n').filter((id) => id !== '');
    if (ids.length === 0) return [];
    const inspected = JSON.parse(await this.docker(['inspect', ...ids])) as Inspected[];
    return inspected.map(containerOf).reverse();
  }

  docker(args: readonly string[], options?: Run): Promise<string> {
    return this.#programs.run('docker', args, options);
  }
}

export interface Profile {
  readonly profile?: string;
  readonly services?: readonly string[];
}

/** By label, so that nothing of it is left whichever compose made it, and however far that came; until nothing more turns up. */
export async function removeProject(programs: Programs, name: string): Promise<void> {
  let reason: unknown = 'something always turns up';
  const isGone = () =>
    removeOnce(programs, name).catch((error: unknown) => {
      reason = error;
      return false;
    });
  await eventually(`project ${name} to be gone`, isGone, REMOVAL_DEADLINE_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${String(reason)}`);
  });
}

/** Tells whether there was nothing to remove. */
async function removeOnce(programs: Programs, name: string): Promise<boolean> {
  const filter = ['--filter', `label=com.docker.compose.project=${name}`];
  const listed = async (args: readonly string[]) =>
    (await programs.run('docker', [...args, ...filter])).split('\n').filter((id) => id !== '');
  const containers = await listed(['ps', '-aq']);
  if (containers.length > 0) await programs.run('docker', ['rm', '-fv', ...containers]);
  let count = containers.length;
  for (const kind of ['network', 'volume']) {
    const ids = await listed([kind, 'ls', '-q']);
    if (ids.length > 0) await programs.run('docker', [kind, 'rm', ...ids]);
    count += ids.length;
  }
  return count === 0;
}

function containerOf({ Id: id, Name: name, Config: config, State: state }: Inspected): Container {
  return {
    id,
    name: name.replace(/^\//, ''),
    hostname: config.Hostname,
    user: config.User,
    isRunning: state.Running,
    exitCode: state.ExitCode,
    health: state.Health?.Status ?? 'none',
  };
}
