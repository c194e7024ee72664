/**
 * Nodes that take items of 4 MiB behind an endpoint, and behind `shoal proxy` in front of that: values above memcached's
 * usual mebibyte pass, and what the owner refuses is refused as it does, with the old value gone.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ShoalProgram } from '../cli/shoal-program.js';
import { Conversation } from '../harness/conversation.js';
import { type RouterInFront, startRouterInFront } from './router-in-front.js';

const MIB = 1024 * 1024;
const DEADLINE_MS = 180_000;
const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n';

let front: RouterInFront;
let proxy: ShoalProgram;

beforeAll(async () => {
  front = await startRouterInFront(3, {}, ['-t', '1', '-m', '64', '-I', '4m']);
  const { host, port } = front.address;
  proxy = new ShoalProgram(['proxy', '--endpoint', `${host}:${port}`, '--listen', '127.0.0.1:0']);
  await proxy.prints(/^Version \d+: .*$/m);
}, DEADLINE_MS);

afterAll(async () => {
  await proxy?.stop();
  await front?.stop();
});

const addresses: readonly { readonly name: string; readonly port: () => number }[] = [
  { name: 'the endpoint', port: () => front.address.port },
  { name: 'shoal proxy', port: () => Number(/^Routing on \S+:(\d+);/m.exec(proxy.text)?.[1]) },
];

function frame(opcode: number, key: string, extras: Buffer, value: Buffer): Buffer {
  const header = Buffer.alloc(24);
  header.set([0x80, opcode]);
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  return Buffer.concat([header, extras, Buffer.from(key), value]);
}

describe.each(addresses)('through $name', ({ name, port }) => {
  const key = (kind: string) => `${kind}-${name.replaceAll(' ', '-')}`;

  async function withConversation(work: (conversation: Conversation) => Promise<void>): Promise<void> {
    const conversation = await Conversation.open({ host: '127.0.0.1', port: port() });
    try {
      await work(conversation);
    } finally {
      conversation.destroy();
    }
  }

  test(
    'a value of 3 MiB is stored and read, in text, in meta and in one line with others',
    () =>
      withConversation(async (client) => {
        const block = 'x'.repeat(3 * MIB);
        const [text, meta] = [key('text'), key('meta')];
        expect(await client.askUntil(`set ${text} 0 0 ${block.length}\r\n${block}\r\n`, '\r\n')).toBe('STORED\r\n');
        expect(await client.askUntil(`ms ${meta} ${block.length}\r\n${block}\r\n`, '\r\n')).toBe('HD\r\n');
        const shown = (one: string) => `VALUE ${one} 0 ${block.length}\r\n${block}\r\n`;
        const all = await client.askUntil(`get ${text} missing ${meta} ${text}\r\n`, 'END\r\n');
        expect(all === `${shown(text)}${shown(meta)}${shown(text)}END\r\n`).toBe(true);
        const va = await client.askUntil(`mg ${meta} v\r\nmn\r\n`, 'MN\r\n');
        expect(va === `VA ${block.length}\r\n${block}\r\nMN\r\n`).toBe(true);
      }),
    DEADLINE_MS,
  );

  test(
    'a value of 3 MiB is stored and read in binary',
    () =>
      withConversation(async (client) => {
        const value = Buffer.alloc(3 * MIB, 'b');
        const stored = await client.ask(frame(0x01, key('binary'), Buffer.alloc(8), value), 24);
        expect(stored.readUInt16BE(6)).toBe(0);
        const read = await client.ask(frame(0x00, key('binary'), Buffer.alloc(0), Buffer.alloc(0)), 28 + value.length);
        expect(read.subarray(28).equals(value)).toBe(true);
      }),
    DEADLINE_MS,
  );

  test(
    'a value that is too large for the nodes is refused, and does not leave the old one',
    () =>
      withConversation(async (client) => {
        const one = key('refused');
        for (const bytes of [4 * MIB - 10, 5 * MIB]) {
          expect(await client.askUntil(`set ${one} 0 0 3\r\nold\r\n`, '\r\n')).toBe('STORED\r\n');
          expect(await client.askUntil(`set ${one} 0 0 ${bytes}\r\n${'x'.repeat(bytes)}\r\n`, '\r\n')).toBe(TOO_LARGE);
          expect(await client.askUntil(`get ${one}\r\n`, 'END\r\n')).toBe('END\r\n');
        }
      }),
    DEADLINE_MS,
  );
});
