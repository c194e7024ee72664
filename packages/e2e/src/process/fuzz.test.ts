/**
 * Garbage on many connections: whatever it is, the server lives, and a client that behaves gets its answers. The seed is
 * in the name of the test; SHOAL_E2E_SEED repeats one.
 */
import { describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { RandomBytes } from '../harness/random-bytes.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

const SEED = Number(process.env.SHOAL_E2E_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 60;
const CONNECTIONS = 12;
const FUZZ_DEADLINE_MS = 240_000;

const WORDS =
  `get gets gat gats set add replace append prepend cas incr decr touch delete mg ms md ma me mn stats version
  verbosity lru slabs lru_crawler watch config cluster items noreply a b c k key 0 1 -1 2 10 255 65536 2147483647 4294967295
  4294967296 18446744073709551615 18446744073709551616 99999999999999999999 x v s t T0 T-1 N30 q k O1 b I C1 E1 MA MS MX
  D1 J5 S2 YWI= !!!! {} % \0 \x7f \xff`.split(/\s+/);
const ENDS = ['\r\n', '\r\n', '\r\n', '\n', '\r', '', '\r\n\r\n', '\0'];
/** Flush would take the items of the client that behaves, and the verbose ones only cost time. */
const OPCODES = [...Array(256).keys()].filter((opcode) => ![0x08, 0x18, 0x1b].includes(opcode));

function textLine(random: RandomBytes): Buffer {
  const words = Array.from({ length: random.below(9) + 1 }, () => random.oneOf(WORDS));
  if (random.below(10) === 0) words.push('y'.repeat(random.below(3000)));
  return Buffer.from(words.join(random.below(8) === 0 ? '  ' : ' ') + random.oneOf(ENDS), 'latin1');
}

function frame(random: RandomBytes): Buffer {
  const body = random.bytes(random.below(60));
  const header = Buffer.alloc(24);
  header[0] = random.below(30) === 0 ? random.below(256) : 0x80;
  header[1] = random.oneOf(OPCODES);
  header.writeUInt16BE(random.below(4) === 0 ? random.below(65_536) : random.below(body.length + 1), 2);
  header[4] = random.below(4) === 0 ? random.below(256) : random.oneOf([0, 0, 4, 8, 20]);
  header.writeUInt32BE(random.below(6) === 0 ? random.below(2 ** 32) : body.length, 8);
  random.bytes(12).copy(header, 12);
  return Buffer.concat([header, body]);
}

function garbage(random: RandomBytes): Buffer {
  const makers = [textLine, textLine, frame, (source: RandomBytes) => source.bytes(source.below(400))];
  const maker = random.oneOf(makers);
  return Buffer.concat(
    Array.from({ length: random.below(12) + 1 }, () => (random.below(9) === 0 ? random.oneOf(makers) : maker)(random)),
  );
}

/** Sends garbage in one or two pieces, perhaps listens, and leaves in one of the ways clients leave. */
async function misbehave(server: ServerProcess, random: RandomBytes): Promise<void> {
  const client = await Conversation.open(server.address);
  const bytes = garbage(random);
  const cut = random.below(bytes.length + 1);
  client.send(bytes.subarray(0, cut));
  if (random.below(2) === 0) await new Promise(setImmediate);
  client.send(bytes.subarray(cut));
  if (random.below(3) === 0) {
    client.end();
    await client.waitClosed();
  }
  client.destroy();
}

describe.each(Object.values(Transport))('over %s', (transport) => {
  test(
    `garbage ends neither the server nor another connection (seed ${SEED})`,
    async () => {
      const random = new RandomBytes(SEED);
      const server = await ServerProcess.start(shoalOnPort(transport, ['-m', '64']));
      try {
        const good = await Conversation.open(server.address);
        for (let round = 0; round < ROUNDS; round++) {
          const bad = Array.from({ length: CONNECTIONS }, () => misbehave(server, random));
          const value = random.bytes(random.below(2000)).toString('hex');
          const key = `good:${random.below(50)}`;
          const asked = `set ${key} 7 0 ${value.length}\r\n${value}\r\nget ${key}\r\nmg ${key} v f\r\n`;
          const answer = `STORED\r\nVALUE ${key} 7 ${value.length}\r\n${value}\r\nEND\r\nVA ${value.length} f7\r\n${value}\r\n`;
          expect((await good.ask(asked, answer.length)).toString()).toBe(answer);
          await Promise.all(bad);
        }
        expect(await good.askUntil('stats\r\n', '\r\nEND\r\n')).toContain('STAT curr_connections ');
      } finally {
        expect(await server.stop()).toEqual({ code: 0, signal: null });
      }
    },
    FUZZ_DEADLINE_MS,
  );
});
