import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { testWith } from '../harness/outside-program.js';
import { accepts } from '../harness/server-process.js';
import { HAS_TELNET, Telnet } from '../harness/telnet.js';
import { ROOT } from '../house-rules/source-file.js';
import { connectMemjs } from '../peers/memjs-client.js';

const HOST = '127.0.0.1';
const KEYS = ['greeting', ...Array.from({ length: 30 }, (_, i) => `key-${i}`)];

/** `npm start` on ports of its own. Installing and building are done by now, so this only starts Node.js. */
class Started {
  output = '';
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-start-'));

  constructor(flags: readonly string[] = []) {
    const args = ['--prefix', ROOT, 'start', '--', '--port', '0', '--data-dir', this.#folder, ...flags];
    this.child = spawn('npm', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.exited = once(this.child, 'exit');
  }

  get endpointPort(): number {
    return Number(/^endpoint +127\.0\.0\.1:(\d+)$/m.exec(this.output)?.[1]);
  }

  get nodePorts(): number[] {
    return [...this.output.matchAll(/^node \d{4} +127\.0\.0\.1:(\d+) /gm)].map(([, port]) => Number(port));
  }

  async up(): Promise<this> {
    const isUp = () => {
      if (this.child.exitCode !== null) throw new Error(`Cannot start: ${this.output}`);
      return this.output.includes('Ctrl-C stops everything.');
    };
    await eventually('npm start to be up', isUp);
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown[]> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const exit = await this.exited;
    rmSync(this.#folder, { recursive: true, force: true });
    return exit;
  }
}

let started: Started | null = null;

afterEach(async () => {
  await started?.stop();
  started = null;
});

async function ask(port: number, request: string, end: string): Promise<string> {
  const conversation = await Conversation.open({ host: HOST, port });
  const answer = await conversation.askUntil(request, end);
  conversation.destroy();
  return answer;
}

async function expectKeysSpread({ nodePorts }: Started): Promise<void> {
  const held = await Promise.all(nodePorts.map((port) => ask(port, `get ${KEYS.join(' ')}\r\n`, 'END\r\n')));
  const counts = held.map((answer) => answer.match(/^VALUE /gm)?.length ?? 0);
  expect(counts.reduce((sum, count) => sum + count)).toBe(KEYS.length);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
}

describe('npm start', () => {
  test('brings up three nodes behind an endpoint that shares keys out among them', async () => {
    started = await new Started().up();
    expect(started.nodePorts).toHaveLength(3);
    const { endpointPort, nodePorts } = started;
    for (const key of KEYS) {
      expect(await ask(endpointPort, `set ${key} 0 0 1\r\nx\r\n`, '\r\n')).toBe('STORED\r\n');
    }
    expect(await ask(endpointPort, 'get greeting\r\n', 'END\r\n')).toBe('VALUE greeting 0 1\r\nx\r\nEND\r\n');
    await expectKeysSpread(started);
    const list = nodePorts.map((port) => `${HOST}|${HOST}|${port}`).join(' ');
    for (const port of [endpointPort, ...nodePorts]) {
      expect(await ask(port, 'config get cluster\r\n', 'END\r\n')).toContain(`\n${list}\n\r\n`);
    }
  });

  test('serves memjs, which discovers nothing', async () => {
    started = await new Started().up();
    const client = connectMemjs(started.endpointPort);
    for (const key of KEYS) await client.set(key, `value of ${key}`, { expires: 60 });
    for (const key of KEYS) expect(String((await client.get(key)).value)).toBe(`value of ${key}`);
    client.close();
    await expectKeysSpread(started);
  });

  testWith('telnet', HAS_TELNET)('serves people at telnet', async () => {
    started = await new Started().up();
    const telnet = new Telnet(started.endpointPort);
    for (const key of KEYS) {
      await telnet.type(`set ${key} 0 0 5`, '');
      await telnet.type('hello', 'STORED');
    }
    await telnet.type('get greeting', 'VALUE greeting 0 5');
    await telnet.type('quit', '');
    await telnet.hasEnded();
    await expectKeysSpread(started);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends in order with %s and leaves nothing running', async (signal) => {
    started = await new Started(['--nodes', '2']).up();
    const { endpointPort, nodePorts } = started;
    expect(await started.stop(signal)).toEqual([0, null]);
    for (const port of [endpointPort, ...nodePorts]) expect(await accepts({ host: HOST, port })).toBe(false);
  });
});
