/** Many connections, too many, idle ones, and clients that stop in the middle: none of them costs another anything. */
import { describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { readOrEmpty, ServerProcess } from '../harness/server-process.js';

const MANY = 600;
const HALF_COMMANDS = 300;
/** More than any kernel holds for a client that does not read. */
const SMALL_REPLIES_MAX = 100_000;
const MIB = 1024 * 1024;

async function withServer(flags: string[], transport: Transport, use: (server: ServerProcess) => Promise<void>) {
  const server = await ServerProcess.start(shoalOnPort(transport, flags));
  try {
    await use(server);
    expect(server.exit).toBeNull();
  } finally {
    await server.stop();
  }
}

function residentBytes(server: ServerProcess): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${server.pid}/status`))?.[1];
  return Number(kib ?? 0) * 1024;
}

async function stat(asker: Conversation, name: string): Promise<number> {
  const stats = await asker.askUntil('stats\r\n', '\r\nEND\r\n');
  return Number(new RegExp(`^STAT ${name} (\\d+)\r$`, 'm').exec(stats)?.[1]);
}

/** A Set of `a` with 8 bytes of extras and 8 of value, of which the value is missing. */
const BINARY_SET = Buffer.concat([
  Buffer.from('800100010800000000000011'.padEnd(48, '0') + '0'.repeat(16), 'hex'),
  Buffer.from('a'),
]);
const HALF: (string | Buffer)[] = [
  'get some_k',
  `bogus ${'x'.repeat(1900)}`,
  BINARY_SET,
  'mg a',
  'set b 0 0 10\r\n12345',
];
const OTHER_HALF = ['ey\r\n', '\r\n', '12345678', ' v\r\n', '67890\r\n'];

const openMany = (server: ServerProcess, count: number) =>
  Promise.all(Array.from({ length: count }, () => Conversation.open(server.address)));

describe.each(Object.values(Transport))('over %s', (transport) => {
  test(`${MANY} connections are all served, each its own answers`, async () => {
    await withServer(['-c', '2000'], transport, async (server) => {
      const clients = await openMany(server, MANY);
      const answers = clients.map((client, index) => {
        const value = `value of ${index}`;
        return client.askUntil(
          `set key${index} ${index} 0 ${value.length}\r\n${value}\r\nget key${index}\r\n`,
          'END\r\n',
        );
      });
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        const value = `value of ${index}`;
        expect(answer).toBe(`STORED\r\nVALUE key${index} ${index} ${value.length}\r\n${value}\r\nEND\r\n`);
      }
      expect(await stat(clients[0], 'curr_connections')).toBeGreaterThanOrEqual(MANY);
      for (const client of clients.slice(1)) client.destroy();
      await eventually('the connections to be gone', async () => (await stat(clients[0], 'curr_connections')) < 50);
    });
  });

  test('connections above -c are told so and closed, and a place that gets free is given away', async () => {
    await withServer(['-c', '10'], transport, async (server) => {
      const clients = await openMany(server, 40);
      for (const client of clients) client.send('version\r\n');
      await Promise.all(clients.map((client) => client.until(() => client.received.includes('\r\n'), 'an answer')));
      const refused = clients.filter((client) => !client.received.toString().startsWith('VERSION'));
      expect(refused.length).toBeGreaterThanOrEqual(30);
      expect(refused.length).toBeLessThan(40);
      for (const client of refused) {
        await client.waitClosed();
        expect(client.received.toString()).toBe('ERROR Too many open connections\r\n');
      }
      const served = clients.filter((client) => !refused.includes(client));
      expect(await stat(served[0], 'rejected_connections')).toBeGreaterThanOrEqual(refused.length);
      for (const client of served.slice(1)) client.destroy();
      await eventually('a place to be free', async () => {
        const late = await Conversation.open(server.address);
        const answer = await late.askUntil('version\r\n', '\r\n');
        late.destroy();
        return answer.startsWith('VERSION');
      });
    });
  });

  test('idle connections are kept, and dropped where -o idle_timeout says so', async () => {
    // Longer than a busy machine keeps the other client from asking.
    await withServer(['-o', 'idle_timeout=3'], transport, async (server) => {
      const [idle, busy] = await openMany(server, 2);
      await idle.askUntil('version\r\n', '\r\n');
      await eventually('the idle connection to be dropped', async () => {
        await busy.askUntil('version\r\n', '\r\n');
        return idle.closed;
      });
      expect(await stat(busy, 'idle_kicks')).toBe(1);
    });
    await withServer([], transport, async (server) => {
      const idle = await openMany(server, 200);
      await eventually('a second to pass', async () => (await stat(idle[0], 'uptime')) >= 4);
      const answers = await Promise.all(idle.map((client) => client.askUntil('version\r\n', '\r\n')));
      expect(answers.every((answer) => answer.startsWith('VERSION'))).toBe(true);
    });
  });

  test('what one receive leaves behind is received too: long pipelines, many turns, and the end of the stream', async () => {
    await withServer(['-R', '3'], transport, async (server) => {
      const client = await Conversation.open(server.address);
      const value = 'v'.repeat(90_000);
      const long = `set long 0 0 ${value.length}\r\n${value}\r\n`;
      const answered = client.askUntil(`${long}${'mn\r\n'.repeat(40_000)}get last\r\n`, 'END\r\n');
      expect(await answered).toBe(`STORED\r\n${'MN\r\n'.repeat(40_000)}END\r\n`);
      // Bytes and end arrive while the server is stopped, so it hears of both at once.
      process.kill(server.pid, 'SIGSTOP');
      client.send('mn\r\n'.repeat(20));
      client.end();
      await eventually('the end to have left', async () => client.hasEnded);
      process.kill(server.pid, 'SIGCONT');
      await client.waitClosed();
      expect(client.take().toString()).toBe('MN\r\n'.repeat(20));
    });
  });

  test('what waits for its turn is not mixed up with what others send meanwhile', async () => {
    await withServer(['-t', '1', '-R', '1'], transport, async (server) => {
      const clients = await openMany(server, 6);
      const commands = ['mn\r\n', 'get a\r\n', 'mg a v\r\n', 'delete a\r\n', 'touch a 0\r\n', 'incr a 1\r\n'];
      const replies = ['MN\r\n', 'END\r\n', 'EN\r\n', 'NOT_FOUND\r\n', 'NOT_FOUND\r\n', 'NOT_FOUND\r\n'];
      for (const [index, client] of clients.entries()) client.send(commands[index].repeat(8_000));
      for (const [index, client] of clients.entries()) {
        const expected = replies[index].repeat(8_000);
        await client.until(
          () => client.closed || client.received.length >= expected.length,
          `replies to ${commands[index]}`,
        );
        expect(client.take().toString('latin1') === expected).toBe(true);
      }
    });
  });

  test('a client that stops reading for a while gets the rest when it goes on, however small the replies are', async () => {
    await withServer(['-t', '1'], transport, async (server) => {
      const [client, asker] = await openMany(server, 2);
      const value = 'v'.repeat(1000);
      expect(await client.askUntil(`set a 0 0 ${value.length}\r\n${value}\r\n`, '\r\n')).toBe('STORED\r\n');
      client.pauseReading();
      let sent = 0;
      while ((await stat(asker, 'cmd_get')) === sent && sent < SMALL_REPLIES_MAX) {
        for (let more = 0; more < 500; more++, sent++) {
          client.send('get a\r\n');
          // One reply at a time: the server has served it before it answers this.
          await asker.askUntil('mn\r\n', 'MN\r\n');
        }
      }
      client.resumeReading();
      const expected = `VALUE a 0 ${value.length}\r\n${value}\r\nEND\r\n`.length * sent;
      await client.until(() => client.closed || client.received.length >= expected, 'all replies');
      expect(client.received).toHaveLength(expected);
    });
  });

  test('half a command followed by silence holds little, and nobody else waits', async () => {
    await withServer([], transport, async (server) => {
      const asker = await Conversation.open(server.address);
      await asker.askUntil('version\r\n', '\r\n');
      const before = residentBytes(server);
      const halves = await openMany(server, HALF_COMMANDS);
      for (const [index, client] of halves.entries()) client.send(HALF[index % HALF.length]);
      expect(await asker.askUntil('set a 0 0 1\r\nx\r\nget a\r\n', 'END\r\n')).toBe(
        'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      );
      await eventually('all to have arrived', async () => (await stat(asker, 'curr_connections')) > HALF_COMMANDS);
      expect(residentBytes(server) - before).toBeLessThan(48 * MIB);
      expect(halves.every((client) => !client.closed && client.received.length === 0)).toBe(true);
      for (const [index, client] of halves.entries()) client.send(OTHER_HALF[index % HALF.length]);
      await Promise.all(halves.map((client) => client.until(() => client.received.length > 0, 'an answer')));
      expect(await asker.askUntil('version\r\n', '\r\n')).toMatch(/^VERSION /);
    });
  });

  test('the bytes of a value that never ends are not kept twice', async () => {
    await withServer([], transport, async (server) => {
      const asker = await Conversation.open(server.address);
      const clients = await openMany(server, 20);
      for (const client of clients) client.send(`set a 0 0 1000000\r\n${'v'.repeat(999_990)}`);
      await eventually('the bytes to be read', async () => (await stat(asker, 'bytes_read')) > 20 * 999_000);
      expect(residentBytes(server)).toBeLessThan(220 * MIB);
      for (const client of clients) client.destroy();
      await eventually('the clients to be gone', async () => (await stat(asker, 'curr_connections')) < 20);
      expect(await asker.askUntil('get a\r\n', 'END\r\n')).toBe('END\r\n');
    });
  });
});
