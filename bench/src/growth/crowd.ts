/**
 * `node bench/dist/growth/crowd.js PORT COUNT`: opens connections that then say nothing, and keeps them until its standard input ends.
 *
 * Started by crowd-process.ts as a process of its own, because one process may not open all the connections of both servers. Prints one line
 * once all of them have been answered: how long that took. Every connection asks for the version once, so that the server has taken all of them in.
 */
import { addressOf, closeDescriptor, connectTcp, receive, send } from '../load/libc.js';

const HELLO = Buffer.from('version\r\n');
const ANSWER_BYTES = 256;
/** Connections that wait in the server's backlog at a time. */
const AT_ONCE = 200;
const ANSWER_MS = 10_000;

const [port, count] = process.argv.slice(2).map(Number);
const descriptors: number[] = [];
const answer = Buffer.from(new ArrayBuffer(ANSWER_BYTES));

function awaitAnswer(descriptor: number, deadline: number): void {
  while (receive(descriptor, addressOf(answer), ANSWER_BYTES) <= 0) {
    if (performance.now() > deadline) throw new Error(`connection ${descriptors.length} was not answered`);
  }
}

function openAll(): number {
  const startedAt = performance.now();
  while (descriptors.length < count) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - descriptors.length) }, () =>
      connectTcp('127.0.0.1', port),
    );
    descriptors.push(...group);
    for (const descriptor of group) send(descriptor, addressOf(HELLO), HELLO.length);
    for (const descriptor of group) awaitAnswer(descriptor, performance.now() + ANSWER_MS);
  }
  return performance.now() - startedAt;
}

process.stdout.write(`${openAll()}\n`);
process.stdin.on('end', () => {
  for (const descriptor of descriptors) closeDescriptor(descriptor);
});
process.stdin.resume();
