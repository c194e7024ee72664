import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockOwner, ownsHostLock, releaseHostLock, takeHostLock } from './host-lock.js';
import { endAbandonedNodes, NodeRoll } from './node-roll.js';
import { identityOf, isAlive, isGoneWithin, killProcess } from './process-identity.js';

const PATIENCE_MS = 60_000;

let folder: string;
let lock: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-pool-'));
  lock = join(folder, 'host.pid');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function sleeper(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return child.pid ?? 0;
}

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

const write = (value: unknown) => writeFileSync(lock, JSON.stringify(value));

test('the first takes it, and leaves nothing else behind', () => {
  expect(takeHostLock(lock)).toBeNull();
  expect(ownsHostLock(lock)).toBe(true);
  expect(lockOwner(lock)).toEqual(identityOf(process.pid));
  expect(readdirSync(folder)).toEqual(['host.pid']);
  releaseHostLock(lock);
  expect(readdirSync(folder)).toEqual([]);
});

test('while its owner lives it answers who that is', () => {
  const owner = identityOf(sleeper());
  write(owner);
  expect(takeHostLock(lock)).toEqual(owner);
  releaseHostLock(lock);
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toEqual(owner);
});

test.each([
  ['a process that has ended', async () => identityOf(await endedProcess())],
  ['another process, whose id came round', async () => ({ pid: sleeper(), startTicks: 1 })],
  ['nobody', async () => 'nonsense'],
  ['no process that anybody may signal', async () => ({ pid: 1.5, startTicks: null })],
])('one that names %s is taken over', async (_, content) => {
  write(await content());
  expect(lockOwner(lock)).toBeNull();
  expect(takeHostLock(lock)).toBeNull();
  expect(readdirSync(folder)).toEqual(['host.pid']);
});

test('an identity is that of one process only', async () => {
  const pid = sleeper();
  const identity = identityOf(pid);
  expect(isAlive(identity)).toBe(true);
  killProcess({ ...identity, startTicks: (identity.startTicks ?? 0) + 1 });
  expect(await isGoneWithin(identity, 50)).toBe(false);
  killProcess(identity);
  expect(await isGoneWithin(identity, PATIENCE_MS)).toBe(true);
});

test('a process that has ended and was not waited for is not alive', async () => {
  // The shell's child ends while the shell, having become sleep, will never ask for it.
  const child = spawn('/bin/sh', ['-c', `${process.execPath} -e 0 & echo $!; exec sleep 60`]);
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  const orphan = { pid: Number(String(line)), startTicks: null };
  expect(await isGoneWithin(orphan, PATIENCE_MS)).toBe(true);
});

test('nodes that a host has left behind are ended, and others with their ids are not', async () => {
  const path = join(folder, 'host.nodes');
  const roll = new NodeRoll(path);
  const [left, other] = [identityOf(sleeper()), identityOf(sleeper())];
  roll.enter(left.pid);
  const entries = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify([...entries, { pid: other.pid, startTicks: 1 }, { pid: 'x' }, null]));
  await endAbandonedNodes(path);
  expect([isAlive(left), isAlive(other)]).toEqual([false, true]);
});

test('a node that has ended leaves the roll', () => {
  const path = join(folder, 'host.nodes');
  const roll = new NodeRoll(path);
  roll.enter(process.pid);
  roll.leave(process.pid);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([]);
});

test.each(['{', '{}', '7', ''])('a roll that reads %j names nobody', async (text) => {
  const path = join(folder, 'host.nodes');
  writeFileSync(path, text);
  await expect(endAbandonedNodes(path)).resolves.toBeUndefined();
});
