/**
 * A TCP relay before etcd whose line can be cut, silenced and mended: what a network does to a daemon.
 *
 * Used by etcd.test.ts. Cut: connections are reset and new ones refused at once. Silent: bytes go nowhere, nobody is told.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class BrokenLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those of them that lead to etcd. */
  readonly #far = new Set<Socket>();
  #state: 'whole' | 'cut' | 'silent' = 'whole';

  private constructor(targetPort: number) {
    this.#server = createServer((near) => this.#relay(near, targetPort));
  }

  static async to(targetPort: number): Promise<BrokenLine> {
    const line = new BrokenLine(targetPort);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get url(): string {
    return `etcd://127.0.0.1:${(this.#server.address() as { readonly port: number }).port}`;
  }

  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The connections that stand now carry nothing any more; new ones work. */
  silence(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('data').pause();
  }

  /** What the daemon says still arrives; what etcd says does not. */
  loseAnswers(): void {
    for (const socket of this.#far) socket.removeAllListeners('data').resume();
  }

  /** Neither do new ones, until it is mended. */
  silenceAll(): void {
    this.#state = 'silent';
    this.silence();
  }

  /** For new connections; those that were silenced stay so. */
  mend(): void {
    this.#state = 'whole';
  }

  async end(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(near: Socket, targetPort: number): void {
    near.on('error', () => undefined);
    if (this.#state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    this.#keep(near);
    if (this.#state === 'silent') return;
    const far = connect(targetPort, '127.0.0.1');
    far.on('error', () => near.destroy());
    this.#keep(far);
    this.#far.add(far);
    far.once('close', () => this.#far.delete(far));
    near.on('data', (bytes) => far.write(bytes)).on('close', () => far.destroy());
    far.on('data', (bytes) => near.write(bytes)).on('close', () => near.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
