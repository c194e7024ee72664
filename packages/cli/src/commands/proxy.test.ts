import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { shoal } from '../testing/shoal.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers each request as told; its port. */
async function serve(answer: (request: string) => string): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(answer(bytes.toString('latin1'))));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, server };
}

/** A router also asks what a node takes. */
function nodeAnswers(request: string): string {
  const asked = request.match(/^(stats|set) /gm) ?? [];
  return asked.map((word) => (word === 'set ' ? 'STORED\r\n' : 'END\r\n')).join('');
}

function configOf(version: number, port: number): string {
  const payload = `${version}\n127.0.0.1|127.0.0.1|${port}\n`;
  return `CONFIG cluster 0 ${payload.length}\r\n${payload}\r\nEND\r\n`;
}

async function portOfNobody(): Promise<number> {
  const { port, server } = await serve(() => '');
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function ask(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
  });
}

interface Running {
  readonly port: number;
  readonly text: () => string;
  until(what: string): Promise<void>;
  stop(): Promise<number>;
}

/** The proxy, with somebody at its Ctrl-C. */
async function startProxy(words: readonly string[]): Promise<Running> {
  let text = '';
  let onText = () => {};
  let stop: (signal: NodeJS.Signals) => void = () => {};
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    stop = resolve;
  });
  const note = (more: string) => {
    text += more;
    onText();
  };
  const ended = shoal(['proxy', '--listen', '127.0.0.1:0', ...words], {
    untilStopped: () => stopped,
    write: note,
    writeError: note,
  });
  const until = (what: string) =>
    new Promise<void>((resolve) => {
      onText = () => {
        if (text.includes(what)) resolve();
      };
      onText();
    });
  await until('Ctrl-C stops it');
  const port = Number(/Routing on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
  return {
    port,
    text: () => text,
    until,
    stop: async () => {
      stop('SIGINT');
      return (await ended).exitCode;
    },
  };
}

describe('shoal proxy', () => {
  test('routes by the list, and asks for it again at once when a node fails', async () => {
    const gone = await portOfNobody();
    const node = await serve(nodeAnswers);
    let config = configOf(1, gone);
    const endpoint = await serve(() => config);
    const proxy = await startProxy(['--endpoint', `127.0.0.1:${endpoint.port}`, '--interval', '3600']);
    await proxy.until('Version 1: ');
    config = configOf(2, node.port);
    expect(await ask(proxy.port, 'set a 0 0 1\r\nx\r\n')).toMatch(/^SERVER_ERROR 127\.0\.0\.1:\d+: /);
    await proxy.until(`Version 2: 127.0.0.1:${node.port}`);
    expect(await ask(proxy.port, 'set a 0 0 1\r\nx\r\n')).toBe('STORED\r\n');
    expect(await proxy.stop()).toBe(0);
  });

  test('says once that the endpoint cannot be reached', async () => {
    const proxy = await startProxy(['--endpoint', `127.0.0.1:${await portOfNobody()}`]);
    await proxy.until('ECONNREFUSED');
    for (let i = 0; i < 3; i++) expect(await ask(proxy.port, 'get a\r\n')).toMatch(/^SERVER_ERROR/);
    expect(proxy.text().match(/ECONNREFUSED/g)).toHaveLength(1);
    await proxy.stop();
  });

  test.each([
    [['--endpoint', 'x:y:z'], '--endpoint: "x:y:z" is not allowed'],
    [['--endpoint', 'a:1', '--interval', '0'], '--interval'],
    [['--endpoint', 'a:1', '--listen', '127.0.0.1:99999'], '--listen'],
    [[], 'endpoint'],
  ])('refuses %j', async (words, message) => {
    const { exitCode, errors } = await shoal(['proxy', ...words]);
    expect(exitCode).toBe(64);
    expect(errors).toContain(message);
  });
});
