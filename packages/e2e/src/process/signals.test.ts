/** How a node stops: by signal and by command, after finishing what is in flight, with exit code 0. */
import { describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

/** Clients that say nothing would keep it for ever. */
const STOP_BOUND_MS = 20_000;
const VALUE = 'v'.repeat(1_000_000);
const VALUES_IN_FLIGHT = 8;

async function withServer(flags: string[], transport: Transport, use: (server: ServerProcess) => Promise<void>) {
  const server = await ServerProcess.start(shoalOnPort(transport, flags));
  try {
    await use(server);
  } finally {
    await server.stop('SIGKILL');
  }
}

describe.each(Object.values(Transport))('a node over %s', (transport) => {
  test.each(['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)(
    'sends what it owes, then leaves with 0, on %s',
    async (signal) => {
      await withServer(['-t', '1'], transport, async (server) => {
        const busy = await Conversation.open(server.address);
        const other = await Conversation.open(server.address);
        expect(await busy.askUntil(`set big 3 0 ${VALUE.length}\r\n${VALUE}\r\n`, '\r\n')).toBe('STORED\r\n');
        busy.pauseReading();
        busy.send('get big\r\n'.repeat(VALUES_IN_FLIGHT));
        // With one worker this is answered after the gets were begun; no reader takes them, so most of them is still owed.
        expect(await other.askUntil('mn\r\n', '\r\n')).toBe('MN\r\n');
        server.child.kill(signal);
        busy.resumeReading();
        await busy.waitClosed();
        const reply = `VALUE big 3 ${VALUE.length}\r\n${VALUE}\r\nEND\r\n`;
        expect(busy.received.length).toBe(reply.length * VALUES_IN_FLIGHT);
        expect(busy.received.equals(Buffer.from(reply.repeat(VALUES_IN_FLIGHT)))).toBe(true);
        expect(await server.exited).toEqual({ code: 0, signal: null });
      });
    },
  );

  test('leaves soon although clients are connected, idle or in the middle of a command', async () => {
    await withServer([], transport, async (server) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => Conversation.open(server.address)));
      for (const [index, client] of clients.entries()) if (index % 2 === 0) client.send('set a 0 0 1000\r\nhalf a val');
      expect(await clients[1].askUntil('version\r\n', '\r\n')).toMatch(/^VERSION /);
      const asked = Date.now();
      expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(Date.now() - asked).toBeLessThan(STOP_BOUND_MS);
      await Promise.all(clients.map((client) => client.waitClosed()));
    });
  });

  test('goes on serving after SIGHUP', async () => {
    await withServer([], transport, async (server) => {
      const client = await Conversation.open(server.address);
      expect(await client.askUntil('set a 0 0 1\r\nx\r\n', '\r\n')).toBe('STORED\r\n');
      server.child.kill('SIGHUP');
      server.child.kill('SIGHUP');
      expect(await client.askUntil('get a\r\n', 'END\r\n')).toBe('VALUE a 0 1\r\nx\r\nEND\r\n');
      const late = await Conversation.open(server.address);
      expect(await late.askUntil('get a\r\n', 'END\r\n')).toBe('VALUE a 0 1\r\nx\r\nEND\r\n');
      expect(server.exit).toBeNull();
    });
  });

  test.each(['shutdown', 'shutdown graceful'])('obeys %s where -A allows it', async (command) => {
    await withServer(['-A'], transport, async (server) => {
      const client = await Conversation.open(server.address);
      client.send(`${command}\r\n`);
      await client.waitClosed();
      expect(client.received.toString()).toBe('');
      expect(await server.exited).toEqual({ code: 0, signal: null });
    });
  });
});
