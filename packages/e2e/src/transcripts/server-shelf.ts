/**
 * The servers that the transcripts of one test file need, one for each set of flags and group, started when first asked for.
 * Only a few run at a time: the one that was asked for longest ago is stopped first.
 */
import type { Command } from '../harness/server-process.js';
import { ServerProcess } from '../harness/server-process.js';
import type { Identity } from './document.js';
import { Player } from './player.js';

const RUNNING_MAX = 4;

interface Shelved {
  readonly server: ServerProcess;
  readonly player: Player;
}

export class ServerShelf {
  readonly #command: (flags: readonly string[]) => Command;
  readonly #identity: Identity;
  readonly #running = new Map<string, Shelved>();

  constructor(command: (flags: readonly string[]) => Command, identity: Identity) {
    this.#command = command;
    this.#identity = identity;
  }

  /** A player of the server that the cases of one group share. */
  async player(flags: string, group: string): Promise<Player> {
    const name = `${flags} ${group}`;
    let shelved = this.#running.get(name);
    // A conversation that ended its server is one that failed, and has said so; the next one shall not suffer.
    if (shelved !== undefined && shelved.server.exit !== null) shelved = await this.#remove(name, shelved);
    shelved ??= await this.#start(flags);
    this.#running.delete(name);
    this.#running.set(name, shelved);
    for (const [oldest, unused] of this.#running) {
      if (this.#running.size <= RUNNING_MAX) break;
      await this.#remove(oldest, unused);
    }
    return shelved.player;
  }

  async stopAll(): Promise<void> {
    for (const [name, shelved] of this.#running) await this.#remove(name, shelved);
  }

  /** A server for one conversation only. */
  async withFresh(flags: string, play: (player: Player) => Promise<void>): Promise<void> {
    const fresh = await this.#start(flags);
    try {
      await play(fresh.player);
    } finally {
      await this.#stop(fresh);
    }
  }

  async #start(flags: string): Promise<Shelved> {
    const server = await ServerProcess.start(this.#command(flags.split(' ').filter((flag) => flag !== '')));
    const ascii = /(?:^| )-B ascii\b/.test(flags);
    return { server, player: await Player.connect(server.address, this.#identity, { ascii }) };
  }

  async #remove(name: string, shelved: Shelved): Promise<undefined> {
    this.#running.delete(name);
    await this.#stop(shelved);
  }

  /** Shoal stops as it does for its users, and must; a memcached takes a second over it that proves nothing here. */
  async #stop({ server, player }: Shelved): Promise<void> {
    await player.close();
    const exit = await server.stop(this.#identity.server === 'shoal' ? 'SIGTERM' : 'SIGKILL');
    if (this.#identity.server === 'shoal' && exit.code !== 0) {
      throw new Error(`Cannot call this a clean stop: exit code ${exit.code}, signal ${exit.signal}: ${server.output}`);
    }
  }
}
