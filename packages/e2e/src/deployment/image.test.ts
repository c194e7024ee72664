/**
 * What can be said of the image without an engine: the tree that is put into it runs by itself, its health check tells a
 * server that answers from one that does not, and its files keep to what the old builder and both composes understand.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** Seconds beyond the drain before a node may be killed. */
const GRACE_BEYOND_DRAIN = 15;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function numberAfter(text: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(text) ?? [];
  if (digits === undefined) throw new Error(`Cannot find ${pattern}`);
  return Number(digits);
}

describe('the tree that is collected for the image', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-image-'));
    const outcome = spawnSync(process.execPath, [join(ROOT, 'deploy/image/collect.mjs'), ROOT, folder]);
    if (outcome.status !== 0) throw new Error(`Cannot collect: ${outcome.stderr}`);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    [['server', '--version'], 'memcached 1.6.45'],
    [['server', '--help'], '--pool'],
    [['pool', '--help'], '--registration'],
    [['up', '--help'], '--nodes'],
  ])('runs shoal %j', (words, answer) => {
    const shoal = join(folder, 'packages/cli/bin/shoal.js');
    const { stdout, stderr, status } = spawnSync(process.execPath, [shoal, ...words], { encoding: 'utf8', cwd: '/' });
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: expect.stringContaining(answer) });
  });

  test('serves on epoll: the native library came along', async () => {
    const command = shoalOnPort(Transport.EPOLL);
    const args = [join(folder, 'packages/cli/bin/shoal.js'), ...command.args.slice(1)];
    const server = await ServerProcess.start({ ...command, args });
    expect((await server.stop('SIGTERM')).code).toBe(0);
  });
});

describe('the health check', () => {
  let listener: Server | null = null;

  afterEach(() => {
    listener?.close();
    listener = null;
  });

  /** Not at once, because the listener of this process has to answer meanwhile. */
  async function check(port: number): Promise<ServerProcess['exited']> {
    const args = [join(ROOT, 'deploy/image/healthcheck.mjs')];
    return ServerProcess.launch({ program: process.execPath, args }, { SHOAL_HEALTHCHECK_PORT: String(port) }).exited;
  }

  async function listenWith(answer: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (answer === '') socket.end();
      else socket.once('data', () => socket.write(answer));
    });
    listener = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }

  test('is content with a node that answers', async () => {
    const server = await ServerProcess.start(shoalOnPort(Transport.NET));
    // As Docker does, which asks again before it calls a container unhealthy: a busy machine may take longer than one check waits.
    await eventually('a check that is content', async () => (await check(server.port)).code === 0);
    await server.stop('SIGTERM');
  });

  test.each([
    ['answers something else', 'ERROR\r\n'],
    ['hangs up', ''],
  ])('is not content with a server that %s', async (_, answer) => {
    expect((await check(await listenWith(answer))).code).toBe(1);
  });

  test('is not content when nobody listens', async () => {
    const port = await listenWith('');
    await new Promise((resolve) => listener?.close(resolve));
    expect((await check(port)).code).toBe(1);
  });
});

describe('the files of the deployment', () => {
  test.each(['Dockerfile', 'deploy/etcd/Dockerfile'])('%s has nothing that only BuildKit understands', (path) => {
    const text = read(path);
    expect(text).not.toMatch(/^#\s*syntax=/m);
    expect(text).not.toMatch(/--mount=|--link|--chmod=|<<EOF|\$TARGETPLATFORM|COPY --exclude/);
    expect(text).toMatch(/^ARG BASE=node:24-bookworm-slim$/m);
    expect(text).toMatch(/^USER \$\{UID\}/m);
  });

  test('the compose file keeps to what docker-compose 1.29 and docker compose v2 both take', () => {
    const text = read('docker-compose.yml');
    for (const key of ['name', 'include', 'version']) expect(text).not.toMatch(new RegExp(`^${key}:`, 'm'));
    expect(text).not.toMatch(/start_interval|required:|develop:|!reset|!override|extends:/);
  });

  test('a node has the drain and 15 seconds more before it is killed, in every deployment', () => {
    const compose = read('docker-compose.yml');
    const composeDrain = numberAfter(compose, /--drain=\$\{SHOAL_DRAIN_SECONDS:-(\d+)\}/);
    const composeGrace = numberAfter(compose, /stop_grace_period: \$\{SHOAL_STOP_GRACE:-(\d+)s\}/);
    expect(composeGrace).toBe(composeDrain + GRACE_BEYOND_DRAIN);
    const podDrain = numberAfter(read('deploy/kubernetes/pool.yaml'), /--drain=(\d+)/);
    const podGrace = numberAfter(read('deploy/kubernetes/nodes.yaml'), /terminationGracePeriodSeconds: (\d+)/);
    expect(podGrace).toBe(podDrain + GRACE_BEYOND_DRAIN);
  });

  test('no drain of the compose file differs from another', () => {
    const drains = read('docker-compose.yml').match(/--drain=\S+/g) ?? [];
    expect(drains.length).toBeGreaterThan(1);
    expect(new Set(drains).size).toBe(1);
  });

  test('the containers of the manifests run the image as its own user, and with as little as it needs', () => {
    const uid = numberAfter(read('Dockerfile'), /^ARG UID=(\d+)$/m);
    for (const path of ['deploy/kubernetes/nodes.yaml', 'deploy/kubernetes/pool.yaml']) {
      const text = read(path);
      expect(numberAfter(text, /runAsUser: (\d+)/)).toBe(uid);
      for (const line of ['runAsNonRoot: true', 'readOnlyRootFilesystem: true', 'drop: [ALL]']) {
        expect(text).toContain(line);
      }
    }
  });
});
