/**
 * Where a client's bytes are cut when a conversation is played in pieces: behind every byte, except inside long
 * repeated stretches such as `{x*1048576}`, where the first, the middle and the last bytes stand for the rest.
 * Also says which conversations can be sent without listening in between.
 *
 * SHOAL_E2E_CUTS=8 takes eight of those places only, other ones in each run: for a second run on one machine.
 */
import { randomInt } from 'node:crypto';
import type { Block, Identity, Sent } from './document.js';
import { turnsFor } from './document.js';

const WHOLE_BYTES = 96;
const PERIOD_MAX_BYTES = 8;
const EDGE_BYTES = 4;
const CUTS_MAX = Number(process.env.SHOAL_E2E_CUTS ?? Number.POSITIVE_INFINITY);

/** Offsets strictly inside the bytes of `sent`, ascending. */
export function cutsOf(sent: readonly Sent[], render: (sent: Sent) => Buffer): number[] {
  const cuts: number[] = [];
  let start = 0;
  for (const one of sent) {
    const bytes = render(one);
    for (let offset = 0; offset < bytes.length; offset++) {
      if (start + offset > 0 && !insideRepetition(bytes, offset)) cuts.push(start + offset);
    }
    start += bytes.length;
  }
  return cuts;
}

/**
 * As many as are to be tried, evenly spread, from a start of chance. What fails says its cut, and a run without
 * SHOAL_E2E_CUTS has them all.
 */
export function chosenOf(
  cuts: readonly number[],
  most = CUTS_MAX,
  chance: (limit: number) => number = randomInt,
): readonly number[] {
  if (cuts.length <= most) return cuts;
  const step = cuts.length / most;
  const first = chance(Math.floor(step));
  return Array.from({ length: most }, (_, index) => cuts[first + Math.floor(index * step)]);
}

/** Whether the cut would stand deep inside a repetition, where it teaches nothing that its neighbours do not. */
function insideRepetition(bytes: Buffer, offset: number): boolean {
  if (bytes.length < WHOLE_BYTES || offset === bytes.length >> 1) return false;
  for (let period = 1; period <= PERIOD_MAX_BYTES; period++) {
    if (repeatsAround(bytes, offset, period)) return true;
  }
  return false;
}

function repeatsAround(bytes: Buffer, offset: number, period: number): boolean {
  const from = offset - EDGE_BYTES;
  const to = offset + EDGE_BYTES + period;
  if (from < 0 || to >= bytes.length) return false;
  for (let index = from; index + period <= to; index++) if (bytes[index] !== bytes[index + period]) return false;
  return true;
}

/** One connection, nothing that has to be heard before it can be said, nothing repeated, no close in the middle. */
export function canPipeline(block: Block, identity: Identity): boolean {
  const turns = turnsFor(block, identity);
  const closes = turns
    .flatMap((turn) => turn.answers)
    .some((answer, index, all) => answer.kind === 'closed' && index < all.length - 1);
  return !closes && turns.every((turn) => turn.connection === '' && !turn.repeat && turn.send.every(saysNothingHeard));
}

function saysNothingHeard(sent: Sent): boolean {
  const fields = sent.kind === 'frame' ? [...sent.frame.fields.values()].flat() : sent.segments;
  return fields.every((segment) => segment.kind === 'bytes');
}
