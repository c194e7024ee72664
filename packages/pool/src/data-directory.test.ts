/** The data directory: one daemon at a time, whatever became of the one before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDataDirectory } from './data-directory.js';

const HOLDER = join(import.meta.dirname, 'testing', 'lock-holder.mjs');

let folder = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-data-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await rm(folder, { recursive: true });
});

function startHolder(): { child: ChildProcess; said: Promise<string> } {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return { child, said: once(child.stdout, 'data').then(([text]) => String(text).trim()) };
}

describe('a data directory', () => {
  test.each(['/proc/shoal', '/proc/shoal/deeper', '/dev/null/shoal', '/dev/null'])(
    'that cannot be made is refused: %s',
    async (path) => {
      await expect(openDataDirectory(path)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(`Cannot use the data directory ${path}: `),
      });
    },
  );

  test('is made when it is missing, private, with an id that stays', async () => {
    const path = join(folder, 'a', 'b');
    const first = await openDataDirectory(path);
    expect(first.registryFile).toBe(join(path, 'registry.json'));
    expect(first.daemonId).toMatch(/^[0-9a-f-]{36}$/);
    await first.release();
    const second = await openDataDirectory(path);
    expect(second.daemonId).toBe(first.daemonId);
    await second.release();
    await second.release();
  });

  test('is refused to a second daemon, with the pid of the first, until that lets go', async () => {
    const { child, said } = startHolder();
    expect(await said).toBe(`${child.pid} holds`);
    await expect(openDataDirectory(folder)).rejects.toMatchObject({
      code: 'LOCKED',
      message: `Cannot use the data directory ${folder}: the daemon with pid ${child.pid} uses it`,
    });
    child.stdin?.end();
    await once(child, 'close');
    await (await openDataDirectory(folder)).release();
  });

  test('is refused while its daemon is stopped, and given to the next one after kill -9', async () => {
    const { child, said } = startHolder();
    await said;
    child.kill('SIGSTOP');
    await expect(openDataDirectory(folder)).rejects.toMatchObject({ code: 'LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'close');
    const next = await openDataDirectory(folder);
    await next.release();
  });

  test('is given to exactly one of many that find a dead daemon’s lock at once', async () => {
    for (let round = 0; round < 4; round++) {
      const starts = Array.from({ length: 6 }, startHolder);
      const words = await Promise.all(starts.map(({ said }) => said));
      expect(words.filter((word) => word.endsWith('holds'))).toHaveLength(1);
      expect(words.filter((word) => word === 'LOCKED')).toHaveLength(5);
      for (const { child } of starts) child.kill('SIGKILL');
      await Promise.all(starts.map(({ child }) => child.exitCode ?? child.signalCode ?? once(child, 'close')));
    }
    const last = await openDataDirectory(folder);
    expect((await readdir(folder)).filter((name) => /^lock-\d+$/.test(name))).toHaveLength(1);
    await last.release();
  });

  test('is given to exactly one of many that open it in one process', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => openDataDirectory(folder)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0].release();
  });

  test.each(['/proc/self', '/sys/kernel'])('that takes no files is refused, with the reason: %s', async (directory) => {
    await expect(openDataDirectory(directory)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^Cannot use the data directory \S+: listen E/),
    });
  });

  test('that has no room for its daemon-id is refused, and locked by nobody afterwards', async () => {
    await mkdir(join(folder, 'daemon-id.tmp'));
    await expect(openDataDirectory(folder)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await rm(join(folder, 'daemon-id.tmp'), { recursive: true });
    await (await openDataDirectory(folder)).release();
  });

  test('with a damaged daemon-id is refused, and the file stays as it is', async () => {
    const path = join(folder, 'daemon-id');
    await writeFile(path, 'what');
    await expect(openDataDirectory(folder)).rejects.toMatchObject({ code: 'UNREADABLE' });
    expect(await readFile(path, 'utf8')).toBe('what');
    await rm(path);
    await (await openDataDirectory(folder)).release();
  });

  test('that is a file, or too deep for a socket, is refused', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(openDataDirectory(file)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(openDataDirectory(join(folder, 'x'.repeat(100)))).rejects.toThrow('too long for the sockets in it');
  });
});
