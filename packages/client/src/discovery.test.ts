import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClusterNode } from '@shoal/protocol';
import { DiscoveryError, fetchClusterConfig, formatAddress, parseAddress } from './discovery.js';
import { DiscoveryReplyReader } from './discovery-reply.js';
import { CERTIFICATE } from './testing/certificate.js';
import { DiscoveryServer, listReply } from './testing/discovery-server.js';

const NODES: readonly ClusterNode[] = [
  { hostname: 'a.example.com', ip: '10.0.0.1', port: 11211 },
  { hostname: 'b.example.com', ip: '', port: 11212 },
];
const HANG_UP = '';

describe('reading an answer', () => {
  const reply = Buffer.from(listReply(7, NODES));

  test('understands it cut at every byte, and byte by byte', () => {
    const expected = { kind: 'config', config: { version: 7, nodes: NODES } };
    for (let cut = 0; cut <= reply.length; cut++) {
      const reader = new DiscoveryReplyReader();
      const early = reader.push(reply.subarray(0, cut));
      expect(early ?? reader.push(reply.subarray(cut))).toEqual(expected);
    }
    const reader = new DiscoveryReplyReader();
    const answers = [...reply].map((byte) => reader.push(Uint8Array.of(byte)));
    expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
    expect(answers.at(-1)).toEqual(expected);
  });

  test('understands a list of the largest size', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => ({
      hostname: `${'n'.repeat(40)}${index}`,
      ip: '',
      port: 11211,
    }));
    const reader = new DiscoveryReplyReader();
    expect(reader.push(Buffer.from(listReply(1, nodes)))).toEqual({ kind: 'config', config: { version: 1, nodes } });
  });

  test.each([
    { name: 'a line feed alone after each line', text: 'CONFIG cluster 0 14\r\n3\nh|1.2.3.4|5\n\nEND\n' },
    { name: 'no line feed after the nodes', text: 'CONFIG cluster 0 13\r\n3\nh|1.2.3.4|5\r\nEND\r\n' },
    { name: 'carriage returns', text: 'CONFIG cluster 0 16\r\n3\r\nh|1.2.3.4|5\r\n\r\nEND\r\n' },
    { name: 'a blank at the end', text: 'CONFIG cluster 0 15\r\n3\nh|1.2.3.4|5 \n\r\nEND\r\n' },
    { name: 'other flags', text: 'CONFIG cluster 4294967295 14\r\n3\nh|1.2.3.4|5\n\r\nEND\r\n' },
  ])('forgives $name', ({ text }) => {
    const nodes = [{ hostname: 'h', ip: '1.2.3.4', port: 5 }];
    expect(new DiscoveryReplyReader().push(Buffer.from(text))).toEqual({
      kind: 'config',
      config: { version: 3, nodes },
    });
  });

  test.each([
    { text: 'x'.repeat(600), reason: 'its first line does not end' },
    { text: 'SERVER_ERROR busy\r\n', reason: 'it says "SERVER_ERROR busy"' },
    { text: 'CONFIG other 0 3\r\n1\n\r\nEND\r\n', reason: 'it says "CONFIG other 0 3"' },
    { text: 'CONFIG cluster 0 65537\r\n', reason: '65537 bytes exceed the limit of 65536' },
    { text: 'CONFIG cluster 0 14\r\n3\nh|1.2.3.4|5\nXEND\r\n', reason: 'END does not follow the configuration' },
    { text: 'CONFIG cluster 0 4\r\n3\nh\n\r\nEND\r\n', reason: '"h" is not hostname|ip|port' },
    {
      text: 'CONFIG cluster 0 14\r\n0\nh|1.2.3.4|5\n\r\nEND\r\n',
      reason: 'Version 0 is not a whole number from 1 to 2147483647',
    },
  ])('says what is wrong with $text', ({ text, reason }) => {
    expect(new DiscoveryReplyReader().push(Buffer.from(text))).toEqual({ kind: 'malformed', reason });
  });
});

describe('asking a server', () => {
  let server: DiscoveryServer;
  beforeEach(async () => {
    server = await DiscoveryServer.start();
  });
  afterEach(() => server.close());

  const codeOf = async (asked: Promise<unknown>): Promise<unknown> => {
    const error = await asked.then(
      () => null,
      (reason: unknown) => reason,
    );
    return error instanceof DiscoveryError ? error.code : error;
  };

  test('answers the list, however it is cut, and closes the connection', async () => {
    const text = listReply(7, NODES);
    server.answer = [...text];
    expect(await fetchClusterConfig(server.address)).toEqual({ version: 7, nodes: NODES });
    server.answer = [text];
    expect(await fetchClusterConfig({ host: 'localhost', port: server.port })).toEqual({ version: 7, nodes: NODES });
    expect(server.questions).toBe(2);
  });

  test.each([
    { code: 'NOT_SUPPORTED', answer: ['ERROR\r\n'] },
    { code: 'NO_NODES', answer: ['END\r\n'] },
    { code: 'MALFORMED', answer: ['HELLO\r\n'] },
    { code: 'UNREACHABLE', answer: ['CONFIG cluster', HANG_UP] },
    { code: 'UNREACHABLE', answer: [HANG_UP] },
  ])('refuses with $code after $answer', async ({ code, answer }) => {
    server.answer = answer;
    expect(await codeOf(fetchClusterConfig(server.address))).toBe(code);
  });

  test('gives up at the deadline, also in the middle of an answer', async () => {
    server.answer = null;
    expect(await codeOf(fetchClusterConfig(server.address, { timeoutMs: 30 }))).toBe('TIMEOUT');
    server.answer = ['CONFIG cluster 0 100\r\n1\n'];
    expect(await codeOf(fetchClusterConfig(server.address, { timeoutMs: 30 }))).toBe('TIMEOUT');
  });

  test('gives up when nobody listens or the name is unknown, and names who was asked', async () => {
    const { address } = server;
    await server.close();
    const asked = fetchClusterConfig(address);
    await expect(asked).rejects.toMatchObject({ code: 'UNREACHABLE', address, name: 'DiscoveryError' });
    await expect(asked).rejects.toThrow(`Cannot discover the nodes of ${address}: `);
    expect(await codeOf(fetchClusterConfig('nowhere.invalid:1'))).toBe('UNREACHABLE');
    server = await DiscoveryServer.start();
  });

  test('is withdrawn by a signal, before and while it asks', async () => {
    server.answer = null;
    expect(await codeOf(fetchClusterConfig(server.address, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    const abort = new AbortController();
    const asked = codeOf(fetchClusterConfig(server.address, { signal: abort.signal }));
    abort.abort();
    expect(await asked).toBe('ABORTED');
  });

  test('speaks TLS, and trusts only whom it was told to trust', async () => {
    const secured = await DiscoveryServer.startWithTls();
    try {
      secured.answer = [listReply(7, NODES)];
      const tls = { ca: CERTIFICATE };
      for (const host of ['localhost', '127.0.0.1']) {
        expect(await fetchClusterConfig({ host, port: secured.port }, { tls })).toEqual({ version: 7, nodes: NODES });
      }
      expect(await codeOf(fetchClusterConfig(secured.address, { tls: true }))).toBe('UNREACHABLE');
      const elsewhere = { tls: { ...tls, servername: 'elsewhere.example.com' } };
      expect(await codeOf(fetchClusterConfig(secured.address, elsewhere))).toBe('UNREACHABLE');
    } finally {
      await secured.close();
    }
  });

  test('does not speak TLS to a server that has none', async () => {
    server.answer = [listReply(7, NODES)];
    const asked = fetchClusterConfig(server.address, { tls: true, timeoutMs: 200 });
    expect(['TIMEOUT', 'UNREACHABLE']).toContain(await codeOf(asked));
    expect(await codeOf(fetchClusterConfig(server.address, { tls: { ca: ['rubbish'] }, timeoutMs: 200 }))).toMatch(
      /^[A-Z]+$/,
    );
  });
});

describe('an address', () => {
  test.each([
    { text: 'localhost', host: 'localhost', port: 11211 },
    { text: 'cache.example.com:1', host: 'cache.example.com', port: 1 },
    { text: '10.0.0.1:65535', host: '10.0.0.1', port: 65535 },
    { text: '[::1]:11212', host: '::1', port: 11212 },
    { text: '[::1]', host: '::1', port: 11211 },
    { text: '::1', host: '::1', port: 11211 },
  ])('$text is read', ({ text, host, port }) => {
    expect(parseAddress(text)).toEqual({ host, port });
    expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port });
  });

  test.each(['', ':1', 'a:0', 'a:65536', 'a:b', 'a b', 'a:1:2', '[a]:1', 'a,b', 'tcp://a:1'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseAddress(text)).toThrow(`Cannot read the address "${text}": it is not host:port`);
    },
  );
});
