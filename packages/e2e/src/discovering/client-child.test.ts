/** That no end of a client's process goes unseen, with programs that end in its place. */
import { expect, test } from '@jest/globals';
import { ClientChild } from './client-child.js';

const start = (program: string) => ClientChild.start(process.execPath, ['-e', program]);
/** Says that it is ready, as a client does, and goes on. */
const READY = `require('fs').writeSync(3, '{}\\n'); process.stdin.on('data',`;

test('a client that ends before it is ready is told with what it said', async () => {
  await expect(start(`console.error('no such server'); process.exit(3)`)).rejects.toThrow(
    'The client left with 3: no such server',
  );
});

test('a client that a reply ends is told to who waits for it, and to who asks later', async () => {
  const child = await start(`${READY} () => { throw new TypeError('of undefined') })`);
  await expect(child.tell({})).rejects.toThrow(/left with 1: [\s\S]*TypeError: of undefined/);
  await expect(child.tell({})).rejects.toThrow('left with 1');
  expect(await child.end()).toBe('1');
});

test('a client that a signal ends is told by the name of that', async () => {
  const child = await start(`${READY} () => process.kill(process.pid, 'SIGKILL'))`);
  await expect(child.tell({})).rejects.toThrow('left with SIGKILL');
});
