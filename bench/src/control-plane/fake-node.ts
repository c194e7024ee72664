// A node that costs next to nothing: it registers, is heard of, takes lists and answers probes, as a real one does, and stores
// nothing. Hundreds of them live in the bench's own process, so a daemon can be measured with more nodes than fit a machine.
//
// Used by pool-run.ts. Requests are read by their first words only: the pool is the one client.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

interface Admission {
  readonly nodeId: string;
  readonly heartbeatMs: number;
}

export class FakeNode {
  /** Of the last list that it was given; 0 before the first. */
  version = 0;
  nodeCount = 0;
  /** How often it was probed and heard of. */
  probes = 0;
  heartbeats = 0;
  readonly #clusterId: string;
  readonly #poolPort: number;
  readonly #server: Server;
  #instanceId = '';
  #nodeId = '';
  #list = '';
  #heartbeat: NodeJS.Timeout | null = null;

  private constructor(clusterId: string, poolPort: number) {
    this.#clusterId = clusterId;
    this.#poolPort = poolPort;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(clusterId: string, poolPort: number): Promise<FakeNode> {
    const node = new FakeNode(clusterId, poolPort);
    node.#server.listen(0, HOST);
    await once(node.#server, 'listening');
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async register(): Promise<void> {
    this.#instanceId = randomUUID();
    const address = { hostname: HOST, ip: HOST, port: this.port };
    const answer = await this.#ask('register', { clusterId: this.#clusterId, instanceId: this.#instanceId, address });
    const { nodeId, heartbeatMs } = answer as Admission;
    this.#nodeId = nodeId;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
  }

  /** It serves on, as nodes do; the pool takes it off the list. */
  async leave(): Promise<void> {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    await this.#ask('leave', this.#member());
  }

  stop(): void {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#server.close();
  }

  /** One that is lost means nothing: the pool waits for several. */
  #beat(): void {
    this.heartbeats++;
    this.#ask('heartbeat', this.#member()).catch(() => {});
  }

  #member(): object {
    return { clusterId: this.#clusterId, nodeId: this.#nodeId, instanceId: this.#instanceId };
  }

  #serve(socket: Socket): void {
    let received = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.startsWith('version')) this.#answerProbe(socket);
      else if (!this.#takeList(received)) return;
      else socket.write('STORED\r\n');
      received = '';
    });
  }

  #answerProbe(socket: Socket): void {
    this.probes++;
    socket.write(`VERSION 1.6.45\r\n${this.#list === '' ? 'END\r\n' : this.#list}`);
  }

  /** `config set cluster 0 <bytes> <secret>`; false while it is not whole. */
  #takeList(text: string): boolean {
    const lineEnd = text.indexOf('\r\n');
    if (lineEnd === -1) return false;
    const bytes = Number(text.slice(0, lineEnd).split(' ')[4]);
    if (text.length < lineEnd + bytes + 4) return false;
    const payload = text.slice(lineEnd + 2, lineEnd + 2 + bytes);
    const [version, nodes] = payload.split('\n');
    this.version = Number(version);
    this.nodeCount = nodes.split(' ').length;
    this.#list = `CONFIG cluster 0 ${bytes}\r\n${payload}\r\nEND\r\n`;
    return true;
  }

  /** Over a new connection, as the server's own client. */
  #ask(path: string, body: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const options = {
        host: HOST,
        port: this.#poolPort,
        path: `/v1/${path}`,
        method: 'POST',
        agent: false,
        headers,
      } as const;
      const asked = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`Cannot ${path}: ${text}`));
        });
      });
      asked.on('error', reject);
      asked.end(JSON.stringify(body));
    });
  }
}
