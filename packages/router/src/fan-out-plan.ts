/**
 * What nodes are asked together, and how their answers become one: the plan that fan-out.ts carries out.
 *
 * Called by fan-out.ts and statistics.ts.
 */
import {
  type ByteWriter,
  Dialect,
  Op,
  type Request,
  STATUS_LINES,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
} from '@shoal/protocol';
import type { Asker } from './asker.js';
import { ReplyShape } from './exchange.js';
import { failureLine } from './failure-reply.js';

/** What one node said: its whole answer, or why there is none. */
export interface NodeAnswer {
  readonly node: string;
  readonly text: string;
  readonly failure: string | null;
}

/** What nodes are asked, and what the client is told of their answers. */
export interface FanOutPlan {
  readonly line: string;
  readonly shape: number;
  readonly conclude: (answers: readonly NodeAnswer[], answer: ByteWriter) => void;
}

/** In place of a `Status`: the command concerns one node. */
export const ASK_A_NODE = -1;
export const ASK_A_NODE_LINE = 'CLIENT_ERROR ask a node\r\n';

const OK = 'OK\r\n';
const BINARY_INTERNAL_ERROR = 0x84;

/** The words of a text line. */
export function wordsOf(input: Buffer, { tokenStarts, tokenEnds, tokenCount }: Request): string[] {
  const words: string[] = [];
  for (let i = 0; i < tokenCount; i++) words.push(input.toString('latin1', tokenStarts[i], tokenEnds[i]));
  return words;
}

/** A command that each node answers in a line. */
export function onePlan(session: Asker, command: string): FanOutPlan {
  const { dialect, noreply, opcode, opaque, op } = session.table.request;
  return {
    line: `${command}\r\n`,
    shape: ReplyShape.LINE,
    conclude: (answers, answer) => {
      const line = unanimous(answers);
      const isSuccess = line === OK || line === lineOf(Status.RESET);
      if (dialect !== Dialect.BINARY) {
        if (!noreply) answer.text(line);
      } else if (!isSuccess) {
        writeBinaryError(answer, opcode, BINARY_INTERNAL_ERROR, opaque, 0, 0, Buffer.from(line.trimEnd(), 'latin1'));
      } else if (!noreply || op !== Op.FLUSH_ALL) {
        writeBinaryEmpty(answer, opcode, opaque, 0, 0);
      }
    },
  };
}

/** What all nodes say, if they say the same; else the first that does not say OK. */
function unanimous(answers: readonly NodeAnswer[]): string {
  if (answers.length === 0) return failureLine('router', 'no node is known yet');
  for (const { node, failure } of answers) if (failure !== null) return failureLine(node, failure);
  const [first] = answers;
  if (answers.every(({ text }) => text === first.text)) return first.text;
  const odd = answers.find(({ text }) => text !== OK) ?? first;
  return failureLine(odd.node, odd.text.trimEnd());
}

export function lineOf(status: number): string {
  return Buffer.from(STATUS_LINES[status]).toString('latin1');
}
