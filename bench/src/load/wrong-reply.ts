// Keeps all there is to know of a batch that was answered wrongly, because such a thing may take hours to come again: what was asked, what had
// to come, and what came, with what arrives in the next moments, so that a reply that is late can be told from one that is lost.
// Called by load-loop.ts once, right before its run ends.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface WrongReply {
  /** Which connection, which batch of the run, and why it is wrong. */
  readonly heading: string;
  readonly requests: Uint8Array;
  readonly expected: Uint8Array;
  /** From the batch's first reply on. */
  readonly received: Uint8Array;
}

/** Answers the file's name. */
export function keepWrongReply({ heading, requests, expected, received }: WrongReply, folder = tmpdir()): string {
  const file = join(folder, `shoal-wrong-reply-${process.pid}.txt`);
  const parts = [part('asked', requests), part('had to come', expected), part('came', received)];
  writeFileSync(file, [heading, ...parts].join('\n\n'), 'latin1');
  return file;
}

function part(name: string, bytes: Uint8Array): string {
  return `--- ${name}: ${bytes.length} bytes\n${Buffer.from(bytes).toString('latin1')}`;
}
