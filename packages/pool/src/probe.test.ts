import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { outcomeOf, probeNode } from './probe.js';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

function serve(onConnection: (socket: Socket) => void): Promise<{ host: string; port: number }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      onConnection(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1', () => {
      resolve({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
    });
  });
}

const LIST = '7\nlocalhost|127.0.0.1|11212 localhost|127.0.0.1|11213\n';
const ANSWER = `VERSION 1.6.45\r\nCONFIG cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`;
const PATIENT_MS = 10_000;

describe('what a node answers', () => {
  test.each([
    ['a configuration', ANSWER, 7],
    ['no configuration', 'VERSION 1.6.45\r\nEND\r\n', 0],
    ['a configuration that nobody can read', 'VERSION 1.6.45\r\nCONFIG cluster 0 3\r\nabc\r\nEND\r\n', 0],
    ['that it has all the clients it takes', 'ERROR Too many open connections\r\n', null],
  ])('is an answer: %s', (_, text, configVersion) => {
    expect(outcomeOf(Buffer.from(text))).toEqual({ kind: 'answered', configVersion });
  });

  test.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n', 'it does not answer version as memcached does'],
    ['no discovery', 'VERSION 1.6.45\r\nERROR\r\n', 'it does not answer config get cluster as memcached does'],
    ['a length that is none', 'VERSION 1\r\nCONFIG cluster 0 x\r\n', 'it does not answer config get cluster as'],
  ])('is a failure: %s', (_, text, reason) => {
    expect(outcomeOf(Buffer.from(text))).toMatchObject({ kind: 'failed', reason: expect.stringContaining(reason) });
  });

  test('is waited for as long as any byte of it is missing', () => {
    for (let length = 0; length < ANSWER.length; length++) {
      expect(outcomeOf(Buffer.from(ANSWER.slice(0, length)))).toBeNull();
    }
  });
});

test('both questions come in one write, and an answer in pieces is put together', async () => {
  const asked: string[] = [];
  const target = await serve((socket) => {
    socket.on('data', (chunk) => {
      asked.push(String(chunk));
      socket.write(ANSWER.slice(0, 30));
      setImmediate(() => socket.write(ANSWER.slice(30)));
    });
  });
  expect(await probeNode(target, PATIENT_MS)).toEqual({ kind: 'answered', configVersion: 7 });
  expect(asked).toEqual(['version\r\nconfig get cluster\r\n']);
});

test('silence is told with the time that was waited', async () => {
  const target = await serve(() => {});
  expect(await probeNode(target, 50)).toEqual({ kind: 'failed', reason: 'no answer within 50 ms', isSilence: true });
});

test('a refused connection is a failure at once', async () => {
  const target = await serve(() => {});
  await new Promise((resolve) => servers[0].close(resolve));
  const reason = 'the connection is refused';
  expect(await probeNode(target, PATIENT_MS)).toEqual({ kind: 'failed', reason, isSilence: false });
});

test('a connection that is closed without an answer is a failure', async () => {
  const target = await serve((socket) => socket.on('data', () => socket.end()));
  const reason = 'it closed the connection without an answer';
  expect(await probeNode(target, PATIENT_MS)).toEqual({ kind: 'failed', reason, isSilence: false });
});

test('a connection that is torn is a failure', async () => {
  const target = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
  expect(await probeNode(target, PATIENT_MS)).toMatchObject({ kind: 'failed', reason: 'the connection was reset' });
});

test('an answer without end is cut off', async () => {
  const target = await serve((socket) => {
    socket.write('VERSION 1.6.45\r\nCONFIG cluster 0 1000000\r\n');
    const pour = () => socket.write('x'.repeat(10_000)) && setImmediate(pour);
    pour();
    socket.on('drain', pour);
  });
  const reason = 'it answers more than a configuration has';
  expect(await probeNode(target, PATIENT_MS)).toEqual({ kind: 'failed', reason, isSilence: false });
});

test('an answer that came while this process was busy past the deadline is read before the node is blamed', async () => {
  const target = await serve((socket) => {
    socket.on('data', () => {
      socket.write(ANSWER);
      const untilMs = performance.now() + 300;
      while (performance.now() < untilMs);
    });
  });
  expect(await probeNode(target, 250)).toEqual({ kind: 'answered', configVersion: 7 });
});
