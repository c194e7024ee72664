/**
 * A client that asks and never reads: what waits for it is bounded, nobody else waits, and it is dropped in the end. Both
 * transports at once, because the end comes only after half a minute.
 */
import { expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { readOrEmpty, ServerProcess } from '../harness/server-process.js';

const MIB = 1024 * 1024;
const ASKED_BYTES = 400 * MIB;
const HELD_BYTES_MAX = 40 * MIB;
const DROP_DEADLINE_MS = 120_000;
const VALUE = 'v'.repeat(1_000_000);

function residentBytes(server: ServerProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${server.pid}/status`))?.[1] ?? 0) * 1024;
}

test.each([[Object.values(Transport)]])(
  'a reader that takes nothing is bounded, then dropped (%s)',
  async (transports) => {
    const servers = await Promise.all(transports.map((transport) => ServerProcess.start(shoalOnPort(transport))));
    try {
      await Promise.all(servers.map(neverRead));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
  DROP_DEADLINE_MS * 2,
);

async function neverRead(server: ServerProcess): Promise<void> {
  const [reader, other] = await Promise.all([1, 2].map(() => Conversation.open(server.address)));
  const connections = async () =>
    Number(/curr_connections (\d+)/.exec(await other.askUntil('stats\r\n', '\r\nEND\r\n'))?.[1]);
  expect(await reader.askUntil('version\r\n', '\r\n')).toMatch(/^VERSION /);
  expect(await other.askUntil(`set big 0 0 ${VALUE.length}\r\n${VALUE}\r\n`, '\r\n')).toBe('STORED\r\n');
  // The one that found out whether the server accepts may not have left yet.
  await eventually('these two to be alone', async () => (await connections()) === 2);
  const before = residentBytes(server);
  reader.pauseReading();
  reader.send('get big\r\n'.repeat(Math.ceil(ASKED_BYTES / VALUE.length)));
  for (let asked = 0; asked < 200; asked++) {
    expect(await other.askUntil('get small\r\n', 'END\r\n')).toBe('END\r\n');
  }
  expect(residentBytes(server) - before).toBeLessThan(HELD_BYTES_MAX);
  expect(await connections()).toBe(2);
  await eventually('the reader to be dropped', async () => (await connections()) === 1, DROP_DEADLINE_MS);
  expect(residentBytes(server) - before).toBeLessThan(HELD_BYTES_MAX);
  reader.resumeReading();
  await reader.waitClosed();
}
