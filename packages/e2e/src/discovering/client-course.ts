/**
 * One client through the changes of a pool: before each it sets keys, after it it reads them back and sets them again,
 * and where they lay and lie is asked of the nodes. Used by clients.test.ts, which runs several side by side.
 *
 * What goes wrong is kept and told by `outcome`, so that one client that fails does not spoil the others' course.
 */
import { eventually } from '../harness/eventually.js';
import { ClientChild, type Order, type Reply } from './client-child.js';
import type { ClientProgram } from './client-programs.js';
import { placesOf } from './key-places.js';

const KEYS = 200;
/** More than this it has read back of its own work before it ends, however long that takes on a busy machine. */
export const HITS_LEAST = 100;
const BEFORE = 'first';
const AFTER = 'second';

type Places = ReadonlyMap<string, readonly string[]>;

/** What one change meant for the keys of one client. */
export interface Account {
  readonly change: string;
  readonly keys: readonly string[];
  readonly placesBefore: Places;
  readonly placesAfter: Places;
  /** As they were read back after the change; null for a miss. */
  readonly values: readonly (string | null)[];
}

export interface Outcome {
  readonly accounts: readonly Account[];
  readonly reply: Reply;
  readonly exit: string;
  readonly output: string;
}

export class ClientCourse {
  readonly #program: ClientProgram;
  readonly #accounts: Account[] = [];
  #child: ClientChild | null = null;
  #reply: Reply | null = null;
  #exit = '';
  #failure: unknown = null;
  #keys: readonly string[] = [];
  #placesBefore: Places = new Map();

  constructor(program: ClientProgram) {
    this.#program = program;
  }

  begin(endpoint: string): Promise<void> {
    return this.#step(async () => {
      const { program, args } = this.#program;
      this.#child = await ClientChild.start(program, [...args, endpoint]);
    });
  }

  /** Sets fresh keys and finds out where they lie. */
  prepare(change: string, nodes: readonly string[]): Promise<void> {
    return this.#step(async () => {
      this.#keys = Array.from({ length: KEYS }, (_, index) => `${this.#program.name}:${change}:${index}`);
      await this.#follow(nodes);
      await this.#tell({ set: this.#keys, value: BEFORE });
      this.#placesBefore = await placesOf(this.#keys, BEFORE, nodes);
    });
  }

  /** Once these nodes are the list: waits until the client works with them, and takes the account. */
  account(change: string, nodes: readonly string[]): Promise<void> {
    return this.#step(async () => {
      await this.#follow(nodes);
      const { values } = await this.#tell({ get: this.#keys });
      await this.#tell({ set: this.#keys, value: AFTER });
      const placesAfter = await placesOf(this.#keys, AFTER, nodes);
      this.#accounts.push({ change, keys: this.#keys, placesBefore: this.#placesBefore, placesAfter, values });
    });
  }

  /** Hears once more how its calls went, and ends it, also after a failure. */
  async end(): Promise<void> {
    await this.#step(() =>
      eventually(`${this.#program.name} to have worked`, async () => {
        this.#reply = await this.#tell({});
        return this.#reply.hits > HITS_LEAST || this.#reply.failed > 0;
      }),
    );
    this.#exit = (await this.#child?.end()) ?? 'none';
  }

  /** Throws what went wrong on the way. */
  get outcome(): Outcome {
    if (this.#failure !== null) throw this.#failure;
    if (this.#reply === null) throw new Error(`${this.#program.name} was never asked how its calls went`);
    return { accounts: this.#accounts, reply: this.#reply, exit: this.#exit, output: this.#child?.output ?? '' };
  }

  async #follow(nodes: readonly string[]): Promise<void> {
    if (this.#program.discovery === 'endpoint') return;
    if (this.#program.discovery === 'asked') await this.#tell({ discover: true });
    const wanted = nodes.toSorted().join(' ');
    const what = `${this.#program.name} to work with ${wanted}`;
    await eventually(what, async () => (await this.#tell({})).nodes?.toSorted().join(' ') === wanted);
  }

  #tell(order: Order): Promise<Reply> {
    if (this.#child === null) throw new Error(`${this.#program.name} did not start`);
    return this.#child.tell(order);
  }

  async #step(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await work();
    } catch (error) {
      this.#failure = error;
    }
  }
}
