/**
 * What must hold for every row of a table of bytes sent and commands heard: it makes no difference in how many parts they
 * arrive, what lies around them in the buffer, or what came before. Each function returns the rows that fail, so that a
 * test compares thousands of hearings with one expectation.
 */

import { type Hearing, hear } from './receiver.js';
import { textOf } from './story.js';

/** What is sent, and what is heard. */
export type Row = readonly [sent: string | Uint8Array, heard: readonly string[]];

/** Fillers that would be taken for a blank, a line end, a digit, a flag or a header by a decoder that looks too far. */
const POISONS = [0, 9, 10, 13, 32, 48, 97, 118, 128, 255];

/** Rows that are heard differently when they arrive in two parts, cut anywhere. */
export function misheardInTwoParts(rows: readonly Row[], hearing: Hearing = {}): string[] {
  const wrong: string[] = [];
  for (const [sent, heard] of rows) {
    for (let cutAt = 0; cutAt <= sent.length; cutAt++) {
      for (const poison of [10, 32]) {
        const again = hear(sent, { ...hearing, cutAt, poison });
        if (!isSame(again, heard)) wrong.push(`${show(sent)} cut at ${cutAt}: ${show(again)}`);
      }
    }
  }
  return wrong;
}

/** Rows that are heard differently depending on the bytes around them. */
export function misheardAmongOthers(rows: readonly Row[], hearing: Hearing = {}): string[] {
  const wrong: string[] = [];
  for (const [sent, heard] of rows) {
    for (const poison of POISONS) {
      const again = hear(sent, { ...hearing, poison });
      if (!isSame(again, heard)) wrong.push(`${show(sent)} amid ${poison}: ${show(again)}`);
    }
  }
  return wrong;
}

/** Rows of text that are heard differently behind another one, of which something was left in the request record. */
export function misheardBehindAnother(rows: readonly (readonly [sent: string, heard: readonly string[]])[]): string[] {
  const wrong: string[] = [];
  for (const [first, heardFirst] of rows) {
    if (heardFirst.includes('(more)') || heardFirst.includes('(close)')) continue;
    for (const [second, heardSecond] of rows) {
      const heard = hear(first + second);
      if (!isSame(heard, [...heardFirst, ...heardSecond])) wrong.push(`${show(first + second)}: ${show(heard)}`);
    }
  }
  return wrong;
}

function isSame(heard: readonly string[], wanted: readonly string[]): boolean {
  return heard.length === wanted.length && heard.every((line, i) => line === wanted[i]);
}

function show(value: string | Uint8Array | readonly string[]): string {
  return JSON.stringify(value instanceof Uint8Array ? textOf(value) : value);
}
