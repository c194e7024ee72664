/**
 * Compares what a server has answered so far with the segments of a transcript, without going back: a number
 * takes all digits that stand there, a run goes up to its blank or line end. Used by the player after every
 * arrival of bytes, so the answer may also be "more is needed".
 */
import { type Captures, capturedText, type Segment } from './notation.js';

export type Match =
  | { readonly outcome: 'matched'; readonly end: number }
  | { readonly outcome: 'more' }
  | { readonly outcome: 'differs'; readonly at: number; readonly wanted: string };

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const MINUS = 0x2d;

export function matchSegments(
  segments: readonly Segment[],
  received: Buffer,
  start: number,
  captures: Captures,
  closed: boolean,
): Match {
  let at = start;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index];
    if (segment.kind === 'lines') return skipLines(segments.slice(index + 1), received, at, captures, closed);
    const step = matchOne(segment, received, at, captures, closed);
    if (step.outcome !== 'matched') return step;
    at = step.end;
  }
  return { outcome: 'matched', end: at };
}

function matchOne(segment: Segment, received: Buffer, at: number, captures: Captures, closed: boolean): Match {
  switch (segment.kind) {
    case 'bytes':
      return matchBytes(segment.bytes, received, at);
    case 'captured':
      return matchBytes(Buffer.from(capturedText(segment.name, segment.plus, captures)), received, at);
    case 'number':
      return matchNumber(segment.low, segment.high, segment.capture, received, at, captures, closed);
    case 'greater':
      return matchNumber(
        BigInt(captures.get(segment.than)!) + 1n,
        2n ** 64n,
        segment.capture,
        received,
        at,
        captures,
        closed,
      );
    case 'run':
      return matchRun(segment.until, received, at, closed);
    case 'lines':
      throw new Error('Cannot match {lines} alone: it needs what follows');
  }
}

function matchBytes(wanted: Buffer, received: Buffer, at: number): Match {
  const count = Math.min(wanted.length, received.length - at);
  if (received.compare(wanted, 0, count, at, at + count) !== 0) {
    let same = 0;
    while (wanted[same] === received[at + same]) same++;
    return { outcome: 'differs', at: at + same, wanted: show(wanted.subarray(same)) };
  }
  return count === wanted.length ? { outcome: 'matched', end: at + count } : { outcome: 'more' };
}

function matchNumber(
  low: bigint,
  high: bigint,
  capture: string | null,
  received: Buffer,
  at: number,
  captures: Captures,
  closed: boolean,
): Match {
  let end = at;
  if (received[end] === MINUS) end++;
  while (end < received.length && received[end] >= 0x30 && received[end] <= 0x39) end++;
  if (end === received.length && !closed) return { outcome: 'more' };
  const digits = received.toString('latin1', at, end);
  const value = /\d/.test(digits) ? BigInt(digits) : null;
  if (value === null || value < low || value > high) {
    return { outcome: 'differs', at, wanted: `a number from ${low} to ${high}` };
  }
  if (capture !== null) captures.set(capture, value);
  return { outcome: 'matched', end };
}

function matchRun(until: 'blank' | 'line', received: Buffer, at: number, closed: boolean): Match {
  let end = at;
  while (end < received.length && received[end] !== CR && received[end] !== LF) {
    if (until === 'blank' && received[end] === BLANK) break;
    end++;
  }
  if (end === received.length && !closed) return { outcome: 'more' };
  return end === at && until === 'blank' ? { outcome: 'differs', at, wanted: 'a word' } : { outcome: 'matched', end };
}

/** Whole lines until what stands behind `{lines}` fits at the start of one. */
function skipLines(
  rest: readonly Segment[],
  received: Buffer,
  start: number,
  captures: Captures,
  closed: boolean,
): Match {
  let at = start;
  for (;;) {
    const step = matchSegments(rest, received, at, captures, closed);
    if (step.outcome !== 'differs') return step;
    const lineEnd = received.indexOf(LF, at);
    if (lineEnd < 0) return closed ? step : { outcome: 'more' };
    at = lineEnd + 1;
  }
}

/** Bytes as a transcript would spell them, cut where they get long. */
export function show(bytes: Buffer, most = 160): string {
  const text = bytes.toString('latin1', 0, most);
  const escaped = text.replace(/[^\x20-\x7e]/g, (byte) => {
    if (byte === '\r') return '\\r';
    if (byte === '\n') return '\\n';
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return bytes.length > most ? `${escaped}… (${bytes.length} bytes)` : escaped;
}
