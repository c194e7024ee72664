import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { ServerProcess } from '../harness/server-process.js';
import { ROOT } from '../house-rules/source-file.js';

const HOST = '127.0.0.1';

/** Installing and building are done by now, so this measures no download, only two starts of Node.js. */
const START = { program: 'npm', args: ['--prefix', ROOT, 'start', '--', '-l', HOST, '-p', '-1'] };

let server: ServerProcess | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

describe('npm start', () => {
  test('serves, with the flags that follow --', async () => {
    server = await ServerProcess.start(START);
    const conversation = await Conversation.open({ host: HOST, port: server.port });
    expect(await conversation.askUntil('version\r\n', '\r\n')).toBe('VERSION 1.6.45\r\n');
    conversation.destroy();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('hands %s on to the server and ends with it', async (signal) => {
    server = await ServerProcess.start(START);
    const { port } = server;
    server.child.kill(signal);
    const exit = await server.exited;
    expect(exit).toEqual({ code: 0, signal: null });
    const [error] = await once(connect({ host: HOST, port }), 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
