/**
 * A Docker engine as far as the docker driver can see: its API on a unix socket, and containers that are servers of this
 * process, answering what a probe asks on the port that they publish, or on their network, where all have 127.0.0.1.
 *
 * Used by docker.test.ts. It checks nothing that a real engine would check otherwise; the compose script meets a real one.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';

export interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  isRunning: boolean;
  exitCode: number;
  /** By which requests it was ended, in order. */
  readonly ends: string[];
  listener: TcpServer | null;
}

interface CreateBody {
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
  readonly HostConfig: {
    readonly NetworkMode?: string;
    readonly RestartPolicy: unknown;
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;
  };
}

/** What becomes of the containers that start from now on. */
export type Behaviour = 'serve' | 'exit' | 'silent';

type Answer = { readonly status: number; readonly body?: unknown };

export class FakeEngine {
  readonly containers = new Map<string, FakeContainer>();
  readonly socketPath: string;
  behaviour: Behaviour = 'serve';
  #server: Server | null = null;
  readonly #followers = new Set<ServerResponse>();

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => void this.#handle(request, response));
    server.listen(this.socketPath);
    await once(server, 'listening');
    this.#server = server;
  }

  /** The engine is gone; containers live on, as with Docker's live restore. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async end(): Promise<void> {
    await this.down();
    for (const container of this.containers.values()) this.#close(container);
  }

  named(name: string): FakeContainer | undefined {
    return [...this.containers.values()].find((container) => container.name === name);
  }

  /** The container ends by itself. */
  die(name: string, exitCode: number): void {
    const container = this.named(name);
    if (container !== undefined) this.#end(container, exitCode, 'itself');
  }

  /** Cuts the streams of events, and nothing else. */
  cutEvents(): void {
    for (const follower of this.#followers) follower.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine');
    if (url.pathname === '/events') {
      this.#followers.add(response);
      response.once('close', () => this.#followers.delete(response));
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { status, body: answer } = await this.#answer(request.method ?? '', url, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(answer instanceof Buffer ? answer : answer === undefined ? '' : JSON.stringify(answer));
  }

  async #answer(method: string, url: URL, body: string): Promise<Answer> {
    const [, , nameOrId = '', action = ''] = url.pathname.split('/');
    if (nameOrId === 'json') return { status: 200, body: this.#list(url) };
    if (nameOrId === 'create') return this.#create(url.searchParams.get('name') ?? '', JSON.parse(body));
    const container = this.containers.get(nameOrId) ?? this.named(nameOrId);
    if (container === undefined) return { status: 404, body: { message: `No such container: ${nameOrId}` } };
    if (method === 'DELETE') return this.#remove(container);
    switch (action) {
      case 'json':
        return { status: 200, body: inspected(container) };
      case 'start':
        return this.#start(container);
      case 'stop':
        return this.#stop(container, url.searchParams.get('t') ?? '');
      case 'logs':
        return { status: 200, body: frame('cannot serve today\n') };
      default:
        return { status: 501, body: { message: `${method} ${url.pathname} is not played` } };
    }
  }

  #list(url: URL): unknown {
    const { label = [] } = JSON.parse(url.searchParams.get('filters') ?? '{}') as {
      readonly label?: readonly string[];
    };
    const isAll = ['1', 'true'].includes(url.searchParams.get('all') ?? '');
    const found = [...this.containers.values()].filter(
      ({ isRunning, body }) =>
        (isAll || isRunning) && label.every((each) => body.Labels[each.split('=')[0]] === each.split('=')[1]),
    );
    return found.map(({ id, body }) => ({ Id: id, Labels: body.Labels, Created: 1_700_000_000, ...networksOf(body) }));
  }

  #create(name: string, body: CreateBody): Answer {
    if (body.Image === 'missing') return { status: 404, body: { message: 'No such image: missing' } };
    if (this.named(name) !== undefined) return { status: 409, body: { message: `The name ${name} is in use` } };
    const id = randomBytes(32).toString('hex');
    this.containers.set(id, { id, name, body, isRunning: false, exitCode: 0, ends: [], listener: null });
    return { status: 201, body: { Id: id, Warnings: [] } };
  }

  async #start(container: FakeContainer): Promise<Answer> {
    if (container.isRunning) return { status: 304 };
    const { HostIp: host, HostPort: port } = bindingOf(container.body);
    const listener = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      if (this.behaviour === 'serve') socket.on('data', () => socket.write('VERSION 1.6.45\r\nEND\r\n'));
    });
    listener.listen(Number(port), host);
    const [error] = await Promise.race([once(listener, 'listening'), once(listener, 'error')]).catch((thrown) => [
      thrown,
    ]);
    if (error !== undefined) return { status: 500, body: { message: 'Bind failed: port is already allocated' } };
    container.listener = listener;
    container.isRunning = true;
    if (this.behaviour === 'exit') this.#end(container, 3, 'itself');
    return { status: 204 };
  }

  #stop(container: FakeContainer, seconds: string): Answer {
    if (!container.isRunning) return { status: 304 };
    this.#end(container, 0, `stop ${seconds}`);
    return { status: 204 };
  }

  #remove(container: FakeContainer): Answer {
    if (container.isRunning) this.#end(container, 137, 'kill');
    this.containers.delete(container.id);
    return { status: 204 };
  }

  #end(container: FakeContainer, exitCode: number, by: string): void {
    container.isRunning = false;
    container.exitCode = exitCode;
    container.ends.push(by);
    this.#close(container);
    const attributes = { ...container.body.Labels, exitCode: String(exitCode) };
    const event = { Type: 'container', Action: 'die', Actor: { ID: container.id, Attributes: attributes } };
    for (const follower of this.#followers) follower.write(`${JSON.stringify(event)}\n`);
  }

  #close(container: FakeContainer): void {
    container.listener?.close();
    container.listener = null;
  }
}

function inspected({ id, body, isRunning, exitCode }: FakeContainer): unknown {
  const state = { Running: isRunning, StartedAt: '2026-01-02T03:04:05Z', ExitCode: exitCode, OOMKilled: false };
  return { Id: id, State: state, Config: { Labels: body.Labels }, ...networksOf(body) };
}

const NETWORK_IP = '127.0.0.1';

function networksOf({ HostConfig: { NetworkMode: network } }: CreateBody): object {
  const networks = network === undefined ? {} : { [network]: { IPAddress: NETWORK_IP } };
  return { NetworkSettings: { Networks: networks } };
}

/** Where it can be reached: what it publishes, else its own port on the network. */
function bindingOf({ HostConfig, Env }: CreateBody): { readonly HostIp: string; readonly HostPort: string } {
  const [published] = Object.values(HostConfig.PortBindings ?? {})[0] ?? [];
  const port = Env.find((each) => each.startsWith('SHOAL_OPT_PORT='))?.split('=')[1] ?? '0';
  return published ?? { HostIp: NETWORK_IP, HostPort: port };
}

/** As the engine sends the output of a container without a terminal. */
function frame(text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 2;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}
