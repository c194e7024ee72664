/**
 * Keeps a server's maintenance busy while somebody else measures: sets at a steady rate, small enough to leave the core mostly idle.
 *
 * Used by stalls.ts. Half of the items expire after a few seconds, the other half fill the memory until they are evicted, and
 * their size changes from one phase to the next, so that pages have to move between size classes. Sets are noreply: nothing is
 * awaited, and what the socket does not take is not sent.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const TICK_MS = 10;
const SETS_A_TICK = 30;
const PHASE_MS = 4000;
const SIZES_BYTES = [150, 900, 3000] as const;
const EXPIRY_SECONDS = [1, 2, 3] as const;
/** Different keys: more than fit, so that the table grows and items are evicted. */
const KEYS = 400_000;
const BACKLOG_BYTES_MAX = 1 << 20;

const VALUES = SIZES_BYTES.map((bytes) => 'z'.repeat(bytes));

export class Stirrer {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #count = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => this.stop());
    this.#timer = setInterval(() => this.#stir(), TICK_MS);
  }

  static async start(port: number): Promise<Stirrer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Stirrer(socket);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #stir(): void {
    if (this.#socket.writableLength > BACKLOG_BYTES_MAX) return;
    const phase = Math.floor((performance.now() - this.#startMs) / PHASE_MS);
    const value = VALUES[phase % VALUES.length];
    let sets = '';
    for (let i = 0; i < SETS_A_TICK; i++) {
      const number = this.#count++;
      const exptime = number % 2 === 0 ? 0 : EXPIRY_SECONDS[number % EXPIRY_SECONDS.length];
      sets += `set stir:${number % KEYS} 0 ${exptime} ${value.length} noreply\r\n${value}\r\n`;
    }
    this.#socket.write(sets);
  }
}
