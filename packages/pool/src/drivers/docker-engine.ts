/**
 * The few things that the docker driver asks of a Docker engine, over its socket: containers by label, and its events.
 *
 * Called by docker.ts alone. One container is one node, and everything about it stands in its labels, so that a daemon
 * that was restarted finds its nodes again. Calls have a deadline; what fails is a DriverError with the engine's own words.
 * The library behind it takes longer to load than all the rest of the daemon, so it is loaded with the first question.
 */
import type Docker from 'dockerode';
import { DriverError, DriverErrorCode, type NodeKey, type NodeLaunch } from './driver.js';

export interface DockerSettings {
  /** Default: what DOCKER_HOST says, else /var/run/docker.sock. */
  readonly socketPath?: string;
  /** Of the node: started without arguments it has to serve as SHOAL_OPT_… and SHOAL_CLUSTER_SECRET say. */
  readonly image: string;
  /** Whose containers they are: the id of the daemon. */
  readonly poolId: string;
  /**
   * A network of the engine on which nodes are reached by their container's name. Null: each node's port is published
   * on the address of the launch, and nodes are reached there.
   */
  readonly network: string | null;
  /** Of one call to the engine. */
  readonly deadlineMs: number;
}

export interface NodeContainer extends NodeKey {
  readonly id: string;
  readonly createdAtMs: number;
  /** On the pool's network; empty without one. */
  readonly ip: string;
}

export interface ContainerState {
  readonly id: string;
  readonly isRunning: boolean;
  /** Of this pool, and of this node. */
  readonly isOurs: boolean;
  readonly startedAtMs: number;
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  /** On the pool's network; empty without one. */
  readonly ip: string;
}

/** What the engine's stream tells of one of this pool's containers that ended. */
export interface ContainerEnd {
  readonly id: string;
  readonly exitCode: number;
}

interface NetworkSettings {
  readonly Networks?: Readonly<Record<string, { readonly IPAddress: string }>>;
}

const Label = { POOL: 'shoal.pool', CLUSTER: 'shoal.cluster', NODE: 'shoal.node' } as const;
const EVENT_CHARACTERS_MAX = 256 * 1024;
const LOG_LINES = 5;
const LOG_HEADER_BYTES = 8;
const NO_DEADLINE = 0;

const HttpStatus = { NOT_MODIFIED: 304, NOT_FOUND: 404, CONFLICT: 409 } as const;

/** The name of a node's container, and its host name on the network. At most 61 characters, as DNS allows 63. */
export function containerName({ clusterId, nodeId }: NodeKey): string {
  return `shoal-${clusterId}-${nodeId}`;
}

export class DockerEngine {
  readonly #settings: DockerSettings;
  /** The client for calls with the usual deadline. */
  #usual: Promise<Docker> | null = null;

  constructor(settings: DockerSettings) {
    this.#settings = settings;
  }

  async running(): Promise<NodeContainer[]> {
    return this.#list(false);
  }

  async all(): Promise<NodeContainer[]> {
    return this.#list(true);
  }

  /** Null if there is no container of this name or id. */
  async inspect(nameOrId: string, key: NodeKey): Promise<ContainerState | null> {
    const what = `look at container ${nameOrId}`;
    const info = await this.#unless(HttpStatus.NOT_FOUND, what, (docker) => docker.getContainer(nameOrId).inspect());
    if (info === null) return null;
    const { State: state, Config: config, NetworkSettings: networks } = info;
    const labels = config.Labels ?? {};
    return {
      id: info.Id,
      isRunning: state.Running,
      isOurs: labels[Label.POOL] === this.#settings.poolId && isOf(labels, key),
      startedAtMs: Date.parse(state.StartedAt),
      exitCode: state.ExitCode,
      isOutOfMemory: state.OOMKilled,
      ip: this.#ipIn(networks),
    };
  }

  /** Creates the container of a node, not started; answers its id. */
  async create(launch: NodeLaunch): Promise<string> {
    const what = `create container ${containerName(launch)}`;
    const container = await this.#call(what, (docker) => docker.createContainer(this.#containerOf(launch)));
    return container.id;
  }

  async start(id: string): Promise<void> {
    await this.#unless(HttpStatus.NOT_MODIFIED, 'start a container', (docker) => docker.getContainer(id).start());
  }

  /** SIGTERM, and SIGKILL after the grace. Resolves when it has ended, also if there is none. */
  async stop(nameOrId: string, graceMs: number): Promise<void> {
    const seconds = Math.ceil(graceMs / 1000);
    const timeoutMs = seconds * 1000 + this.#settings.deadlineMs;
    const stop = (docker: Docker) => docker.getContainer(nameOrId).stop({ t: seconds });
    await this.#unless(HttpStatus.NOT_FOUND, `stop container ${nameOrId}`, () =>
      this.#unless(HttpStatus.NOT_MODIFIED, `stop container ${nameOrId}`, stop, timeoutMs),
    );
  }

  /** Kills it if it runs, and removes it. True when it is gone; false while the engine is about to remove it already. */
  async remove(nameOrId: string): Promise<boolean> {
    const remove = (docker: Docker) => docker.getContainer(nameOrId).remove({ force: true, v: true });
    const what = `remove container ${nameOrId}`;
    let isUnderWay = false;
    await this.#unless(HttpStatus.NOT_FOUND, what, (docker) =>
      remove(docker).catch((error) => {
        if (statusOf(error) !== HttpStatus.CONFLICT) throw error;
        isUnderWay = true;
      }),
    );
    return !isUnderWay;
  }

  /** What a node that ended said last, for the reason. */
  async lastLines(id: string): Promise<string> {
    const options = { follow: false as const, stdout: true, stderr: true, tail: LOG_LINES };
    const logs = this.#call('read what it said', (docker) => docker.getContainer(id).logs(options));
    return logText(await logs.catch(() => Buffer.alloc(0))).trim();
  }

  /**
   * The ends of this pool's containers, as they happen. Resolves once the engine has taken the question; `onOver` is told
   * once when there are no more, but not after the returned function ended it.
   */
  async follow(on: { end: (end: ContainerEnd) => void; over: (reason: string) => void }): Promise<() => void> {
    const filters = { type: ['container' as const], event: ['die'], label: [`${Label.POOL}=${this.#settings.poolId}`] };
    const aborted = AbortSignal.timeout(this.#settings.deadlineMs);
    const ask = (docker: Docker) => withDeadline(docker.getEvents({ filters }), aborted);
    const stream = await this.#call('follow the events of the engine', ask, NO_DEADLINE);
    let isOver = false;
    const over = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      on.over(reason);
    };
    let unfinished = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      if (unfinished.length > EVENT_CHARACTERS_MAX) over('an event of the engine has no end');
      for (const end of lines.flatMap(endOf)) if (!isOver) on.end(end);
    });
    stream.on('error', (error: Error) => over(error.message));
    stream.on('close', () => over('the engine closed its events'));
    stream.on('end', () => over('the engine ended its events'));
    return () => {
      isOver = true;
      destroy(stream);
    };
  }

  async #list(all: boolean): Promise<NodeContainer[]> {
    const filters = { label: [`${Label.POOL}=${this.#settings.poolId}`] };
    const found = await this.#call('list containers', (docker) => docker.listContainers({ all, filters }));
    return found.map(({ Id: id, Labels: labels, Created: createdAtSeconds, NetworkSettings: networks }) => ({
      id,
      clusterId: labels[Label.CLUSTER] ?? '',
      nodeId: labels[Label.NODE] ?? '',
      createdAtMs: createdAtSeconds * 1000,
      ip: this.#ipIn(networks),
    }));
  }

  #ipIn(settings: NetworkSettings | undefined): string {
    return settings?.Networks?.[this.#settings.network ?? '']?.IPAddress ?? '';
  }

  #containerOf(launch: NodeLaunch): Docker.ContainerCreateOptions {
    const { image, poolId, network } = this.#settings;
    const port = `${launch.port}/tcp`;
    const isPublished = network === null;
    return {
      name: containerName(launch),
      Hostname: containerName(launch),
      Image: image,
      Labels: { [Label.POOL]: poolId, [Label.CLUSTER]: launch.clusterId, [Label.NODE]: launch.nodeId },
      // By environment and not by argument: it does not depend on the image's entry point, and `ps` shows no secret.
      Env: [
        `SHOAL_OPT_PORT=${launch.port}`,
        'SHOAL_OPT_LISTEN=0.0.0.0',
        `SHOAL_OPT_MEMORY_LIMIT=${launch.memoryMegabytes}`,
        `SHOAL_OPT_THREADS=${launch.threads}`,
        `SHOAL_CLUSTER_SECRET=${launch.secret}`,
      ],
      ExposedPorts: { [port]: {} },
      HostConfig: {
        RestartPolicy: { Name: 'no' },
        ...(isPublished
          ? { PortBindings: { [port]: [{ HostIp: launch.host, HostPort: String(launch.port) }] } }
          : { NetworkMode: network }),
      },
    };
  }

  #client(timeoutMs: number): Promise<Docker> {
    if (timeoutMs !== this.#settings.deadlineMs) return this.#newClient(timeoutMs);
    this.#usual ??= this.#newClient(timeoutMs);
    return this.#usual;
  }

  async #newClient(timeout: number): Promise<Docker> {
    const { socketPath } = this.#settings;
    const { default: Engine } = await import('dockerode');
    return new Engine({ ...(socketPath === undefined ? {} : { socketPath }), ...(timeout > 0 ? { timeout } : {}) });
  }

  async #unless<T>(
    expectedStatus: number,
    what: string,
    ask: (docker: Docker) => Promise<T>,
    timeoutMs = this.#settings.deadlineMs,
  ): Promise<T | null> {
    try {
      return await ask(await this.#client(timeoutMs));
    } catch (error) {
      const cause = error instanceof DriverError ? error.cause : error;
      if (statusOf(cause) === expectedStatus) return null;
      throw error instanceof DriverError ? error : driverError(what, error);
    }
  }

  async #call<T>(what: string, ask: (docker: Docker) => Promise<T>, timeoutMs = this.#settings.deadlineMs): Promise<T> {
    try {
      return await ask(await this.#client(timeoutMs));
    } catch (error) {
      throw driverError(what, error);
    }
  }
}

/** Pieces with a header of eight bytes each: which stream, three zeros, and the length. */
function logText(frames: Buffer): string {
  const pieces: Buffer[] = [];
  for (let start = 0; start + LOG_HEADER_BYTES <= frames.length; ) {
    const end = start + LOG_HEADER_BYTES + frames.readUInt32BE(start + 4);
    pieces.push(frames.subarray(start + LOG_HEADER_BYTES, end));
    start = end;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isOf(labels: Readonly<Record<string, string>>, { clusterId, nodeId }: NodeKey): boolean {
  return labels[Label.CLUSTER] === clusterId && labels[Label.NODE] === nodeId;
}

function endOf(line: string): ContainerEnd[] {
  if (line.trim() === '') return [];
  const { Actor: actor } = JSON.parse(line) as { Actor?: { ID: string; Attributes: Record<string, string> } };
  if (actor === undefined) return [];
  return [{ id: actor.ID, exitCode: Number(actor.Attributes.exitCode) }];
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly statusCode?: number } | null)?.statusCode;
}

/** The engine answered and refused, or nobody answered. */
function driverError(what: string, error: unknown): DriverError {
  const { message, json } = error as Error & { readonly json?: { readonly message?: string } };
  const reason = json?.message ?? message;
  if (statusOf(error) === undefined) {
    return new DriverError(DriverErrorCode.UNAVAILABLE, `Cannot reach the Docker engine: ${reason}`, { cause: error });
  }
  const isPort = /port is already allocated|address already in use/i.test(reason);
  const code = isPort ? DriverErrorCode.PORT_IN_USE : DriverErrorCode.START_FAILED;
  return new DriverError(code, `Cannot ${what}: ${reason}`, { cause: error });
}

function withDeadline(stream: Promise<NodeJS.ReadableStream>, signal: AbortSignal): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
    stream.then((found) => {
      if (signal.aborted) destroy(found);
      else resolve(found);
    }, reject);
  });
}

function destroy(stream: NodeJS.ReadableStream): void {
  stream.on('error', () => undefined);
  (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
}
