import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { shoal } from '../testing/shoal.js';

let server: Server | null = null;

afterEach(() => {
  server?.close();
  server = null;
});

/** Answers every line with the same bytes. */
async function endpointThatSays(answer: string): Promise<string> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answer));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(listening.address() as { port: number }).port}`;
}

const PAYLOAD = '12\na.example.com|10.0.0.1|11211 b.example.com|10.0.0.2|11212\n';
const REPLY = `CONFIG cluster 0 ${PAYLOAD.length}\r\n${PAYLOAD}\r\nEND\r\n`;

describe('shoal config get', () => {
  test('shows the version and the nodes in the order of the list', async () => {
    const { exitCode, text } = await shoal(['config', 'get', await endpointThatSays(REPLY)]);
    expect(exitCode).toBe(0);
    expect(text).toBe(
      [
        'Version 12, 2 nodes',
        '',
        'HOSTNAME       IP        PORT   ADDRESS',
        'a.example.com  10.0.0.1  11211  a.example.com:11211',
        'b.example.com  10.0.0.2  11212  b.example.com:11212',
        '',
      ].join('\n'),
    );
  });

  test('prints what programs read with --json', async () => {
    const { text } = await shoal(['config', 'get', '--json', await endpointThatSays(REPLY)]);
    expect(JSON.parse(text)).toMatchObject({ version: 12, nodes: [{ ip: '10.0.0.1' }, { port: 11212 }] });
  });

  test.each([
    ['ERROR\r\n', 'does not know "config get cluster"'],
    ['END\r\n', 'has no list of nodes'],
    ['CONFIG cluster 0 4\r\nabcd\r\nEND\r\n', 'cannot be read'],
  ])('says what is wrong with %j', async (answer, reason) => {
    const { exitCode, errors } = await shoal(['config', 'get', await endpointThatSays(answer)]);
    expect(exitCode).toBe(69);
    expect(errors).toContain(reason);
  });

  test.each([
    ['no:such:address', 'endpoint: "no:such:address" is not allowed; allowed: host:port or [IPv6]:port'],
    ['127.0.0.1:0', 'endpoint: "127.0.0.1:0" is not allowed; allowed: host:port or [IPv6]:port'],
  ])('refuses the address %s by name', async (address, message) => {
    expect(await shoal(['config', 'get', address])).toEqual({ exitCode: 64, text: '', errors: `${message}\n` });
  });

  test('refuses a timeout that is none', async () => {
    expect((await shoal(['config', 'get', '--timeout', '0'])).errors).toContain('--timeout');
  });
});
