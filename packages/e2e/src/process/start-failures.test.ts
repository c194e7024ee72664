/** Starts that cannot succeed: one clear line, the exit code of sysexits.h, and nothing left behind. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runs, testWith } from '../harness/outside-program.js';
import { shoalCommand, shoalOnPort, Transport } from '../harness/server-command.js';
import { type Command, ServerProcess } from '../harness/server-process.js';

const USAGE = 64;
const NO_USER = 67;
const OS_ERROR = 71;
const IS_ROOT = process.getuid?.() === 0;
const PRIVILEGED_PORT = '1';
const TOO_MUCH_MIB = 20_000;
const ADDRESS_SPACE_KIB = 8_000_000;

interface Failure {
  readonly code: number | null;
  readonly lines: string[];
}

async function failureOf(command: Command, environment: Record<string, string> = {}): Promise<Failure> {
  const server = ServerProcess.launch(command, environment);
  const { code } = await server.exited;
  const text = server.output.trimEnd();
  // On the way to failing it may warn (it runs as root, say): those lines are of a lower level.
  const lines = text.split('\n').filter((line) => !/"level":[34]0/.test(line));
  return { code, lines };
}

describe.each(Object.values(Transport))('a start over %s fails in one clear line', (transport) => {
  test('when the port is in use', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen({ host: '127.0.0.1', port: 0, exclusive: true }, resolve));
    const { port } = holder.address() as { port: number };
    const { code, lines } = await failureOf(shoalCommand(transport, ['-l', '127.0.0.1', '-p', String(port)]));
    holder.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`127\\.0\\.0\\.1.*\\b${port}\\b`));
    expect(lines[0]).toContain('in use');
    expect(code).toBe(OS_ERROR);
  });

  test('when the unix socket cannot be made', async () => {
    const { code, lines } = await failureOf(shoalCommand(transport, ['-s', '/nowhere/at/all.sock']));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('/nowhere/at/all.sock');
    expect(lines[0]).toContain('no such directory');
    expect(code).toBe(OS_ERROR);
  });

  test('when the address is none of this machine', async () => {
    const { code, lines } = await failureOf(shoalCommand(transport, ['-l', '192.0.2.1', '-p', '-1']));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('192.0.2.1');
    expect(code).toBe(OS_ERROR);
  });

  test('when there is too little memory', async () => {
    const { program, args } = shoalOnPort(transport, ['-m', String(TOO_MUCH_MIB)]);
    const limited = ['-c', `ulimit -v ${ADDRESS_SPACE_KIB}; exec "$@"`, 'sh', program, ...args];
    const { code, lines } = await failureOf({ program: 'sh', args: limited });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${TOO_MUCH_MIB} MiB`);
    expect(code).toBe(OS_ERROR);
  });

  testWith('setpriv', !IS_ROOT || runs('setpriv', ['--version']))('when the port needs a privilege', async () => {
    const { program, args } = shoalCommand(transport, ['-l', '127.0.0.1', '-p', PRIVILEGED_PORT]);
    const unprivileged = ['--bounding-set=-net_bind_service', '--inh-caps=-net_bind_service', program, ...args];
    const { code, lines } = await failureOf(IS_ROOT ? { program: 'setpriv', args: unprivileged } : { program, args });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`127\\.0\\.0\\.1.*\\b${PRIVILEGED_PORT}\\b`));
    expect(lines[0]).toContain('permission denied');
    expect(code).toBe(OS_ERROR);
  });
});

describe('a start fails', () => {
  test('when nobody has the name given with -u', async () => {
    // Nobody else can change the user, so nobody else is told.
    if (!IS_ROOT) return;
    const { program, args } = shoalOnPort(Transport.NET);
    const named = args.filter((arg) => arg !== '-u' && arg !== 'root').concat('-u', 'nobody-of-this-name');
    const { code, lines } = await failureOf({ program, args: named });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('nobody-of-this-name');
    expect(code).toBe(NO_USER);
  });

  test.each([
    [['-p', '70000'], '-p', '70000'],
    [['-p', 'x'], '-p', 'x'],
    [['-t', '0'], '-t', '0'],
    [['-c', '-1'], '-c', '-1'],
    [['-m', 'many'], '-m', 'many'],
    [['-f', '1'], '-f', '1'],
    [['-I', '1000'], '-I', '1000'],
    [['-I', '256m'], '-I', '256m'],
    [['-B', 'http'], '-B', 'http'],
    [['-o', 'no_such_thing'], '-o', 'no_such_thing'],
    [['-o', 'hashpower=99'], 'hashpower', '99'],
    [['--transport', 'pigeon'], '--transport', 'pigeon'],
  ])('with 64 on %j, naming %s and %s', async (flags, flag, value) => {
    const { program, args } = shoalOnPort(Transport.NET);
    const { code, lines } = await failureOf({ program, args: [...args, ...flags] });
    expect(lines.join('\n')).toContain(flag);
    expect(lines.join('\n')).toContain(value);
    expect(code).toBe(USAGE);
  });

  test.each([
    [['-Z'], 'TLS'],
    [['-S'], 'authentication'],
    [['-Y', '/dev/null'], '-Y'],
    [['-U', '11211'], 'UDP'],
    [['-e', '/dev/null'], '-e'],
  ])('on %j, which a later version will take, and says so', async (flags, word) => {
    const { program, args } = shoalOnPort(Transport.NET);
    const { code, lines } = await failureOf({ program, args: [...args, ...flags] });
    expect(lines.join('\n')).toContain(word);
    expect(code).toBe(USAGE);
  });

  test('and leaves no pid file and no port file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-never-'));
    const files = ['node.pid', 'ports'].map((name) => join(folder, name));
    const flags = ['-P', files[0], '-l', '192.0.2.1'];
    const { code } = await failureOf(shoalOnPort(Transport.NET, flags), { MEMCACHED_PORT_FILENAME: files[1] });
    expect(code).toBe(OS_ERROR);
    expect(files.map((file) => existsSync(file))).toEqual([false, false]);
    rmSync(folder, { recursive: true });
  });
});
