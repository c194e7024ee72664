/** What a real host answers on its socket to those who are no well-behaved daemon. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LocalNodes } from '../testing/local-nodes.js';

let local: LocalNodes;
const sockets: Socket[] = [];

beforeEach(async () => {
  local = new LocalNodes();
  await local.open();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(await local.end()).toEqual([]);
});

async function open(): Promise<Socket> {
  const socket = connect(join(local.folder, 'host.sock'));
  sockets.push(socket);
  await once(socket, 'connect');
  return socket.setEncoding('utf8').on('error', () => {});
}

/** As many lines of answers as asked for. */
function answers(socket: Socket, count: number): Promise<unknown[]> {
  let text = '';
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      if (lines.length > count) resolve(lines.slice(0, count).map((line) => JSON.parse(line)));
    });
    socket.once('close', () => reject(new Error(`Cannot wait for ${count} answers: closed after ${text}`)));
  });
}

test('hello says protocol, version and pid', async () => {
  const socket = await open();
  socket.write('{"id":1,"kind":"hello","takesEvents":false}\n');
  expect(await answers(socket, 1)).toEqual([
    { id: 1, result: { protocol: 1, version: '0.1.0', pid: local.hostPid(), startedAtMs: expect.any(Number) } },
  ]);
});

test.each([
  ['no JSON', 'rubbish', null, 'not a line of JSON'],
  ['no object', '7', null, 'the request'],
  ['an unknown kind', '{"id":4,"kind":"fly"}', 4, 'kind'],
  ['no id', '{"kind":"list"}', null, 'id'],
  [
    'a cluster id that leads out of the folder',
    '{"id":5,"kind":"kill","key":{"clusterId":"../x","nodeId":"0001"}}',
    5,
    'key.clusterId',
  ],
  ['a grace without end', '{"id":6,"kind":"shut-down","graceMs":1e12}', 6, 'graceMs'],
])('%s is answered with an error, and the connection goes on', async (_, line, id, part) => {
  const socket = await open();
  socket.write(`${line}\n{"id":9,"kind":"list"}\n`);
  expect(await answers(socket, 2)).toEqual([
    { id, error: { code: 'BAD_REQUEST', message: expect.stringContaining(part) } },
    { id: 9, result: [] },
  ]);
});

test('a line beyond the bound is answered with an error and not kept', async () => {
  const socket = await open();
  socket.write(`${'x'.repeat(100_000)}\n{"id":9,"kind":"list"}\n`);
  expect(await answers(socket, 2)).toEqual([
    { id: null, error: { code: 'BAD_REQUEST', message: expect.stringContaining('at most 16384 characters') } },
    { id: 9, result: [] },
  ]);
});

test('several connections are served side by side', async () => {
  const all = await Promise.all([open(), open(), open()]);
  const answered = all.map((socket, id) => {
    socket.write(`{"id":${id},"kind":"list"}\n`);
    return answers(socket, 1);
  });
  expect(await Promise.all(answered)).toEqual([0, 1, 2].map((id) => [{ id, result: [] }]));
});

test('more connections than it takes do not keep the daemon from being heard', async () => {
  await Promise.all(Array.from({ length: 50 }, open));
  expect(await local.driver.list()).toEqual([]);
});

test('who asks and never reads is disconnected', async () => {
  const socket = await open();
  const line = `${JSON.stringify({ id: 1, kind: 'x'.repeat(8000) })}\n`;
  socket.pause();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const pour = () => {
    while (!socket.destroyed && socket.write(line));
    if (!socket.destroyed) socket.once('drain', pour);
  };
  pour();
  await closed;
  expect(await local.driver.list()).toEqual([]);
});
