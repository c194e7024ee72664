import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import { binaryRequests, comparable, metaRequests, Random, type Requests, textRequests } from './random-requests.js';
import { type RouterInFront, startRouterInFront } from './router-in-front.js';

const ROUNDS = 60;
const REQUESTS_A_ROUND = 40;
const DEADLINE_MS = 240_000;

const SEED = Number(process.env.SHOAL_E2E_SEED ?? Date.now() % 1_000_000);

describe(`the same random requests (seed ${SEED}) to a router over three nodes and to one node`, () => {
  let front: RouterInFront;
  let single: ServerProcess;

  beforeAll(async () => {
    front = await startRouterInFront(3);
    single = await ServerProcess.start(shoalOnPort(Transport.EPOLL, ['-t', '1']));
  }, DEADLINE_MS);

  afterAll(async () => {
    await front.stop();
    await single.stop();
  });

  async function compare(requests: Requests): Promise<void> {
    const random = new Random(SEED);
    const routed = await Conversation.open(front.address);
    const direct = await Conversation.open(single.address);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const sent: Buffer[] = Array.from({ length: REQUESTS_A_ROUND }, () => requests.next(random));
        const bytes = Buffer.concat([...sent, requests.terminator]);
        const answers = await Promise.all([
          say(direct, bytes, [], requests),
          say(routed, bytes, cuts(random, bytes.length), requests),
        ]);
        const [expected, received] = answers.map((answer) => comparable(answer, requests));
        if (!received.equals(expected)) {
          throw new Error(
            `Round ${round} of seed ${SEED}:\n${bytes.toString('latin1')}\nnode: ${JSON.stringify(expected.toString('latin1'))}\nrouter: ${JSON.stringify(received.toString('latin1'))}`,
          );
        }
      }
    } finally {
      routed.destroy();
      direct.destroy();
    }
  }

  async function say(
    conversation: Conversation,
    bytes: Buffer,
    at: readonly number[],
    requests: Requests,
  ): Promise<Buffer> {
    let from = 0;
    for (const to of [...at, bytes.length]) {
      conversation.send(bytes.subarray(from, to));
      from = to;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const ends = () => conversation.received.subarray(-requests.answeredBy.length).equals(requests.answeredBy);
    await conversation.until(() => conversation.closed || ends(), 'the last answer');
    return conversation.take();
  }

  function cuts(random: Random, length: number): number[] {
    const places = Array.from({ length: random.below(4) }, () => random.below(length));
    return places.sort((one, other) => one - other);
  }

  test('are answered byte for byte alike in text', () => compare(textRequests), DEADLINE_MS);

  test('are answered byte for byte alike in meta', () => compare(metaRequests), DEADLINE_MS);

  test('are answered byte for byte alike in binary, but for CAS values', () => compare(binaryRequests), DEADLINE_MS);

  test('leave keys on every node', async () => {
    const counts: number[] = [];
    for (const node of front.nodes) {
      const conversation = await Conversation.open(node.address);
      const text = await conversation.askUntil('stats\r\n', 'END\r\n');
      counts.push(Number(/STAT total_items (\d+)/.exec(text)?.[1]));
      conversation.destroy();
    }
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });
});
