/**
 * One client of the hammer: sends operations of one dialect in batches, each in one write, and reads what came of them in
 * order. Compares nothing; the test does.
 */
import type { NetConnectOpts } from 'node:net';
import { Conversation } from '../harness/conversation.js';
import type { Dialect } from './dialects.js';
import type { Operation, Outcome } from './operations.js';

const BATCH_DEADLINE_MS = 120_000;

export class HammerClient {
  readonly dialect: Dialect;
  readonly #conversation: Conversation;

  private constructor(conversation: Conversation, dialect: Dialect) {
    this.#conversation = conversation;
    this.dialect = dialect;
  }

  static async connect(address: NetConnectOpts, dialect: Dialect): Promise<HammerClient> {
    return new HammerClient(await Conversation.open(address), dialect);
  }

  async perform(operations: readonly Operation[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let at = 0;
    const complete = () => {
      while (outcomes.length < operations.length) {
        const read = this.dialect.read(operations[outcomes.length], this.#conversation.received, at);
        if (read === null) return this.#conversation.closed;
        outcomes.push(read.outcome);
        at = read.end;
      }
      return true;
    };
    this.#conversation.send(Buffer.concat(operations.map((operation) => this.dialect.encode(operation))));
    await this.#conversation.until(complete, `the answers to ${operations.length} operations`, BATCH_DEADLINE_MS);
    const { length } = this.#conversation.take();
    if (outcomes.length < operations.length) throw new Error('Cannot go on: the server closed the connection');
    if (length !== at) throw new Error(`Cannot explain ${length - at} bytes behind the last answer`);
    return outcomes;
  }

  async performOne(operation: Operation): Promise<Outcome> {
    return (await this.perform([operation]))[0];
  }

  close(): void {
    this.#conversation.destroy();
  }
}
