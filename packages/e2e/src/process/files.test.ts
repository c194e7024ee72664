/** What a node leaves in the file system: pid file, port file, unix socket; and how -d goes to the background. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { shoalCommand, shoalOnPort, Transport } from '../harness/server-command.js';
import { accepts, readOrEmpty, ServerProcess } from '../harness/server-process.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readOrEmpty(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

describe.each(Object.values(Transport))('over %s', (transport) => {
  test('-s serves on a unix socket with the mode of -a, and on no port', async () => {
    const path = join(folder, 'node.sock');
    const server = ServerProcess.launch(shoalCommand(transport, ['-s', path, '-a', '0751']));
    try {
      await server.becomeReady(() => (existsSync(path) ? { path } : null));
      expect(statSync(path).mode & 0o777).toBe(0o751);
      const client = await Conversation.open({ path });
      expect(await client.askUntil('set a 0 0 1\r\nx\r\nget a\r\n', 'END\r\n')).toBe(
        'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      );
      expect(await client.askUntil('stats settings\r\n', 'END\r\n')).toContain(`STAT domain_socket ${path}\r\n`);
    } finally {
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    }
  });

  test('-d leaves a server in the background whose pid is in the file of -P', async () => {
    const pidFile = join(folder, 'node.pid');
    const path = join(folder, 'node.sock');
    const starter = ServerProcess.launch(shoalCommand(transport, ['-d', '-P', pidFile, '-s', path]));
    expect(await starter.exited).toEqual({ code: 0, signal: null });
    const pid = Number(readOrEmpty(pidFile));
    try {
      expect(pid).toBeGreaterThan(1);
      expect(pid).not.toBe(starter.pid);
      // The starter leaves only when the server accepts: whoever started it may connect at once.
      expect(await accepts({ path })).toBe(true);
      const client = await Conversation.open({ path });
      expect(await client.askUntil('stats\r\n', 'END\r\n')).toContain(`STAT pid ${pid}\r\n`);
      process.kill(pid, 'SIGTERM');
      await eventually('the background server to end', () => !isAlive(pid));
      expect(existsSync(pidFile)).toBe(false);
    } finally {
      if (pid > 1 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  });
});

test('-d tells the starter of a start that failed', async () => {
  const starter = ServerProcess.launch(shoalCommand(Transport.NET, ['-d', '-s', '/nowhere/at/all.sock']));
  const { code } = await starter.exited;
  expect(code).not.toBe(0);
  expect(starter.output).toContain('/nowhere/at/all.sock');
});

test('-P without -d is written too, and the port file names the port', async () => {
  const pidFile = join(folder, 'node.pid');
  const server = await ServerProcess.start(shoalOnPort(Transport.NET, ['-P', pidFile]));
  try {
    expect(Number(readOrEmpty(pidFile))).toBe(server.pid);
    expect(readOrEmpty(server.portFile)).toBe(`TCP INET: ${server.port}\n`);
  } finally {
    await server.stop();
  }
});

test('several addresses of -l are all served', async () => {
  const server = await ServerProcess.start(shoalOnPort(Transport.NET, ['-l', '127.0.0.2']));
  try {
    const ports = [...readOrEmpty(server.portFile).matchAll(/^TCP INET: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ports).toHaveLength(2);
    for (const [index, port] of ports.entries()) {
      const client = await Conversation.open({ host: `127.0.0.${index + 1}`, port });
      expect(await client.askUntil('version\r\n', '\r\n')).toMatch(/^VERSION /);
    }
  } finally {
    await server.stop();
  }
});
