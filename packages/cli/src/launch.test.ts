import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SHOAL = fileURLToPath(new URL('../bin/shoal.js', import.meta.url));

/** The files that the process loaded, CommonJS and ES modules alike: V8 names them when it reports coverage. */
function loadedFiles(args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-loaded-'));
  try {
    execFileSync(process.execPath, [SHOAL, ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      stdio: 'pipe',
    });
    const reports = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
    return reports.flatMap(({ result }) => result.map(({ url }: { url: string }) => url));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function heavy(files: string[]): string[] {
  return files.filter((file) => /packages\/(server|store|protocol)\/|yargs|koffi|pino|piscina/.test(file));
}

describe('the shoal command as a process', () => {
  test.each(['-h', '--help', '-V', '-i'])('answers server %s without server, store, koffi, pino or yargs', (flag) => {
    const files = loadedFiles(['server', flag]);
    expect(files.some((file) => file.endsWith('/cli/dist/main.js'))).toBe(true);
    expect(heavy(files)).toEqual([]);
  });

  test('would be seen to load them', () => {
    expect(heavy(loadedFiles(['--help'])).some((file) => file.includes('yargs'))).toBe(true);
  });

  test('ends with the exit code of the command and says why on standard error', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SHOAL, 'server', '-c', '0', '-B', 'http'], {
      encoding: 'utf8',
    });
    expect(stderr).toContain('-c, --conn-limit: "0" is not allowed');
    expect(stderr).toContain('-B, --protocol: "http" is not allowed; allowed: auto, ascii or binary');
    expect([status, stdout]).toEqual([64, '']);
  });

  test('runs the server that the flags describe until it is told to stop', async () => {
    const child = spawn(process.execPath, [SHOAL, 'server', '-p', '-1', '-l', '127.0.0.1', '-t1', '-k', '-m', '2']);
    const exit = once(child, 'exit');
    let log = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      log += text;
      if (log.includes('"msg":"Serving"') && !child.killed) child.kill('SIGTERM');
    }
    expect(await exit).toEqual([0, null]);
    expect(log).toContain('"flag":"-k, --lock-memory"');
    expect(log).toMatch(/127\.0\.0\.1:\d+.*"threads":1,"memoryMiB":2,/);
  });

  test('does not mind a reader that has seen enough', () => {
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${SHOAL}" server -h | head -1`], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
