// The generator against real servers on loopback: one that lies, one that goes silent, and memcached if it is installed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { sharedFlags } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import { LOAD_DEFAULTS } from './load-options.js';
import { loadOnce } from './load-process.js';
import { DIALECTS, VERBS } from './workload.js';

const LOAD_ENTRY = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));
const memcachedIsInstalled = spawnSync('memcached', ['-V']).status === 0;
const memcachedIsRequired = process.env.SHOAL_REQUIRE_PEERS === '1';
const withMemcached = memcachedIsInstalled || memcachedIsRequired ? describe : describe.skip;

let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  server = undefined;
});

async function serve(onData: (socket: Socket, chunk: Buffer) => void): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => onData(socket, chunk));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function load(...args: string[]): Promise<{ code: number | null; output: string; complaints: string }> {
  const child = spawn(process.execPath, [LOAD_ENTRY, '--cpu=-1', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, complaints, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, output, complaints };
}

describe('load/main.js', () => {
  test('stops with exit 1 and shows the bytes when a reply is wrong', async () => {
    const port = await serve((socket) => socket.write('NOT_STORED\r\n'));
    const { code, output, complaints } = await load(`--port=${port}`, '--seconds=1');
    expect([code, output]).toEqual([1, '']);
    expect(complaints).toContain('set shoal-bench-00000100-key');
    expect(complaints).toContain('4e 4f 54 5f 53 54 4f 52 45 44');
    const file = /All of the batch stands in (\S+)$/m.exec(complaints)?.[1] ?? '';
    expect(readFileSync(file, 'latin1')).toContain('came: 12 bytes\nNOT_STORED');
    rmSync(file);
  });

  test('stops with exit 1 when the server closes a connection', async () => {
    const port = await serve((socket) => socket.destroy());
    const { code, complaints } = await load(`--port=${port}`, '--seconds=1');
    expect(code).toBe(1);
    expect(complaints).toContain('closed the connection');
  });

  test('stops with exit 1 when replies stay away', async () => {
    const port = await serve(() => undefined);
    const { code, complaints } = await load(`--port=${port}`, '--seconds=1', '--connections=2');
    expect(code).toBe(1);
    expect(complaints).toContain('0 of 128 bytes');
  });

  test('names every bad flag at once and exits 64', async () => {
    const { code, complaints } = await load('--depth', '0', '--dialect', 'french');
    expect(code).toBe(64);
    for (const flag of ['--depth 0: must be', '--dialect french: must be', '--port is missing'])
      expect(complaints).toContain(flag);
  });
});

const MEMCACHED_NAME = memcachedIsInstalled ? 'memcached' : 'memcached (not installed)';

withMemcached(`the load generator against ${MEMCACHED_NAME}`, () => {
  test.each(VERBS)('finds every reply to %s right in all dialects, and measures', async (verb) => {
    const command = ['memcached', ...sharedFlags(1)];
    const memcached = await ServerProcess.start({ name: 'memcached', command }, []);
    try {
      for (const dialect of DIALECTS) {
        for (const valueBytes of dialect === 'text' ? [0, 7, 20_000] : [100]) {
          const report = await loadOnce({
            ...LOAD_DEFAULTS,
            host: '127.0.0.1',
            port: memcached.port,
            pid: memcached.pid,
            workload: { verb, dialect, depth: 3, keysPerGet: 7, valueBytes },
            connections: 5,
            keyCount: 500,
            seconds: 0.05,
            warmupSeconds: 0,
            cpu: -1,
            isJson: true,
          });
          expect(report.operations).toBeGreaterThan(0);
          expect(report.serverCpuMicrosPerOp).toBeGreaterThan(0);
        }
      }
    } finally {
      await memcached.stop();
    }
  });
});
