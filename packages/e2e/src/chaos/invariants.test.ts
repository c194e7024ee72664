/** That a chaos run would notice: lost keys, versions that go back, replacements without a reason; and that a seed repeats. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.js';
import { RandomBytes } from '../harness/random-bytes.js';
import { shoalOnPort, Transport } from '../harness/server-command.js';
import { ServerProcess } from '../harness/server-process.js';
import { Ledger } from './ledger.js';
import { ask, askNode, type ServerAnswer } from './question.js';
import { FaultKind, Schedule } from './schedule.js';
import { Watch } from './watch.js';

let node: ServerProcess;

beforeAll(async () => {
  node = await ServerProcess.start(shoalOnPort(Transport.EPOLL));
});
afterAll(() => node.stop());

async function send(request: string): Promise<void> {
  const isWhole = (text: string) => text.endsWith('\r\n');
  expect(await ask({ port: node.port, request, isWhole, deadlineMs: 60_000 })).toBe('STORED\r\n');
}

describe('the ledger', () => {
  test('finds what a node has, what it lost, and what went back', async () => {
    const ledger = new Ledger();
    for (const [key, value] of Object.entries({ kept: 7, lost: 1, older: 9 }))
      ledger.note(node.port, node.pid, key, value);
    await send('set kept 0 0 1\r\n8\r\n');
    await send('set older 0 0 1\r\n8\r\n');
    const outcome = await ledger.lossesOf(node.port, node.pid);
    expect(outcome).toEqual({
      checked: 3,
      losses: [
        `key lost (1) is gone from the node on port ${node.port}, pid ${node.pid}`,
        `key older on port ${node.port}, pid ${node.pid}, went from 9 back to 8`,
      ],
    });
  });

  test('asks nobody for what another process held', async () => {
    const ledger = new Ledger();
    ledger.note(node.port, node.pid + 1, 'key', 1);
    expect(await ledger.lossesOf(node.port, node.pid)).toEqual({ checked: 0, losses: [] });
  });
});

describe('the watch', () => {
  test('sees a version that goes back, and a process that took the place of another without a reason', async () => {
    const list = (version: number) => `${version}\n127.0.0.1|127.0.0.1|${node.port}\n`;
    const publish = (version: number) => send(`config set cluster 0 ${list(version).length}\r\n${list(version)}\r\n`);
    const violations: string[] = [];
    await publish(5);
    const watch = new Watch(node.port, (text) => violations.push(text));
    await eventually('the node to be seen', () => watch.pidOn(node.port) === node.pid);
    watch.noteVersion('a client', 5);
    watch.noteVersion('a client', 4);
    expect(violations.splice(0)).toEqual(['a client went from version 5 back to 4']);
    const { port } = node;
    await node.stop('SIGKILL');
    node = await ServerProcess.start({ ...shoalOnPort(Transport.EPOLL), args: onPort(port) });
    await eventually('the violation', () => violations.length > 0);
    expect(violations[0]).toContain('though nothing had happened to it');
    await watch.close();
  });

  function onPort(port: number): readonly string[] {
    return shoalOnPort(Transport.EPOLL).args.map((arg) => (arg === '-1' ? String(port) : arg));
  }

  test('learns version, list and pid of a node in one question', async () => {
    let answer: ServerAnswer | null = null;
    await eventually('an answer', async () => {
      answer = await askNode(node.port);
      return answer !== null;
    });
    expect(answer).toEqual({ version: 0, list: '', pid: node.pid });
  });
});

describe('the schedule', () => {
  const rounds = (seed: number, withEtcd: boolean) => {
    const schedule = new Schedule(new RandomBytes(seed), { withEtcd });
    return Array.from({ length: 50 }, () => schedule.next());
  };

  test('repeats with its seed', () => {
    expect(rounds(1, true)).toEqual(rounds(1, true));
    expect(rounds(1, true)).not.toEqual(rounds(2, true));
  });

  test('begins with every kind of end, one at a time', () => {
    const firsts = rounds(3, true).slice(0, 6);
    expect(new Set(firsts.map(([{ kind }]) => kind)).size).toBe(6);
    expect(firsts.every((round) => round.length === 1)).toBe(true);
  });

  test('harms etcd only where there is one', () => {
    const kinds = (withEtcd: boolean) =>
      new Set(
        rounds(4, withEtcd)
          .flat()
          .map(({ kind }) => kind),
      );
    expect(kinds(false).has(FaultKind.KILL_ETCD)).toBe(false);
    expect(kinds(true)).toEqual(new Set(Object.values(FaultKind)));
  });
});
