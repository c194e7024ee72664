/**
 * Commands that concern all nodes: flush_all, cache_memlimit and stats. Each node is asked on its text link, whatever the
 * client speaks, and the client gets one answer.
 *
 * Called by request-dispatch.ts when nothing else of the session is under way. Rare: allocates as it likes.
 */
import { BinaryStatus, type ByteWriter, Dialect, Op, type Request, Status, writeBinaryError } from '@shoal/protocol';
import type { Asker } from './asker.js';
import { Exchange, ReplyShape, type ReplySink } from './exchange.js';
import {
  ASK_A_NODE,
  ASK_A_NODE_LINE,
  type FanOutPlan,
  lineOf,
  type NodeAnswer,
  onePlan,
  wordsOf,
} from './fan-out-plan.js';
import type { Node } from './node.js';
import { bufferOf } from './route-table.js';
import { planStatistics } from './statistics.js';

const NONE = Buffer.alloc(0);

export function askAllNodes(session: Asker, input: Buffer): void {
  const { request, answer } = session.table;
  const plan = planOf(session, input, request);
  if (typeof plan !== 'number') {
    new FanOut(session, plan).ask();
    return;
  }
  answer.at = 0;
  if (request.dialect === Dialect.BINARY) sayNoReport(answer, request);
  else if (!request.noreply) answer.text(plan === ASK_A_NODE ? ASK_A_NODE_LINE : lineOf(plan));
  session.sayAnswer();
}

/** A `Status` when no node needs to be asked. */
function planOf(session: Asker, input: Buffer, request: Request): FanOutPlan | number {
  switch (request.op) {
    case Op.FLUSH_ALL:
      if (request.dialect !== Dialect.BINARY && request.status !== Status.NONE) return request.status;
      return onePlan(session, request.exptime === 0 ? 'flush_all' : `flush_all ${request.exptime}`);
    case Op.CACHE_MEMLIMIT:
      return onePlan(session, `cache_memlimit ${wordsOf(input, request)[1] ?? ''}`);
    default:
      return planStatistics(session, input, request);
  }
}

/** Binary: a report of this name does not exist. */
function sayNoReport(answer: ByteWriter, { opcode, opaque }: Request): void {
  writeBinaryError(answer, opcode, BinaryStatus.KEY_NOT_FOUND, opaque, 0, 0);
}

class FanOut implements ReplySink {
  readonly #session: Asker;
  readonly #plan: FanOutPlan;
  readonly #place: Exchange;
  readonly #nodes: readonly Node[];
  readonly #exchanges: readonly Exchange[];
  readonly #answers: NodeAnswer[] = [];
  #missing: number;

  constructor(session: Asker, plan: FanOutPlan) {
    this.#session = session;
    this.#plan = plan;
    this.#place = new Exchange(session, ReplyShape.LINE);
    this.#nodes = session.table.routes.nodes;
    this.#exchanges = this.#nodes.map(() => new Exchange(this, plan.shape));
    this.#missing = this.#nodes.length;
  }

  ask(): void {
    this.#session.owe(this.#place);
    if (this.#missing === 0) this.#conclude();
    const line = Buffer.from(this.#plan.line, 'latin1');
    for (const [index, node] of this.#nodes.entries()) node.text.send(this.#exchanges[index], line, 0, line.length);
  }

  receive(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    this.#note(exchange, bytes.toString('latin1', start, end), null);
  }

  fail(exchange: Exchange, _node: string, reason: string): void {
    this.#note(exchange, '', reason);
  }

  #note(exchange: Exchange, text: string, failure: string | null): void {
    const index = this.#exchanges.indexOf(exchange);
    this.#answers[index] = { node: this.#nodes[index].name, text, failure };
    this.#missing--;
    if (this.#missing === 0) this.#conclude();
  }

  #conclude(): void {
    const { answer } = this.#session.table;
    const mark = answer.at;
    this.#plan.conclude(this.#answers, answer);
    const isSilent = answer.at === mark;
    this.#session.receive(
      this.#place,
      isSilent ? NONE : bufferOf(answer),
      isSilent ? 0 : mark,
      isSilent ? 0 : answer.at,
    );
    answer.at = mark;
  }
}
