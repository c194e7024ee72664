import { describe, expect, test } from '@jest/globals';
import { canPipeline, chosenOf, cutsOf } from './cuts.js';
import { type Identity, parseTranscript, reasonToSkip, type Sent, turnsFor } from './document.js';
import { renderSegments } from './notation.js';

const SHOAL: Identity = { server: 'shoal', version: '1.6.45', debugCommands: true };
const OLD: Identity = { server: 'memcached', version: '1.6.18', debugCommands: false };
const NEW: Identity = { server: 'memcached', version: '1.6.45', debugCommands: false };

function conversation(...lines: string[]) {
  return ['# Title', '', '## Case', '', '```conversation', ...lines, '```', ''].join('\n');
}
function block(...lines: string[]) {
  return parseTranscript('t.md', conversation(...lines))[0].blocks[0];
}
const bytes = (sent: Sent) => (sent.kind === 'text' ? renderSegments(sent.segments, new Map()) : Buffer.alloc(0));
const text = (sent: readonly Sent[]) => Buffer.concat(sent.map(bytes)).toString('latin1');

describe('a transcript', () => {
  test('has a case for each heading and a conversation for each fence', () => {
    const cases = parseTranscript('t.md', `${conversation('> a')}\n## Second\n\n\`\`\`conversation\n> b\n\`\`\`\n`);
    expect(cases.map((one) => [one.title, one.blocks.length])).toEqual([
      ['Case', 1],
      ['Second', 1],
    ]);
  });

  test('takes a new turn whenever the client speaks after an answer', () => {
    const turns = turnsFor(block('> set a 0 0 1', '> x', '< STORED', '> get a\\', '> \\n\\', '< END'), SHOAL);
    expect(turns.map((turn) => text(turn.send))).toEqual(['set a 0 0 1\r\nx\r\n', 'get a\n']);
    expect(turns.map((turn) => turn.answers.length)).toEqual([1, 1]);
  });

  test('keeps connections apart', () => {
    const turns = turnsFor(block('> a', 'B > b', 'B < c', '< d'), SHOAL);
    expect(turns.map((turn) => [turn.connection, turn.send.length, turn.answers.length])).toEqual([
      ['', 1, 0],
      ['B', 1, 1],
      ['', 0, 1],
    ]);
  });

  test('lets each server hear its own answers', () => {
    const lines = ['> x', '1.6.18 < a', 'not 1.6.18 < b', 'shoal < c', 'memcached < d', '1.6.45 < e'];
    const heard = (who: Identity) =>
      turnsFor(block(...lines), who)[0].answers.map((answer) => text([answer as Sent]).trim());
    expect(heard(OLD)).toEqual(['a', 'd']);
    expect(heard(NEW)).toEqual(['b', 'd', 'e']);
    expect(heard(SHOAL)).toEqual(['b', 'c']);
  });

  test('names file and line of what it cannot read', () => {
    expect(() => block('get a')).toThrow('t.md:6');
    expect(() => block('>> FOO key=a')).toThrow('t.md:6');
    expect(() => block('>> GET kay=a')).toThrow('kay');
    expect(() => parseTranscript('t.md', '## Case\n```conversation\n> a\n')).toThrow('line 2');
  });

  test('says who does not play a case, and why', () => {
    const reason = (directive: string, who: Identity) =>
      reasonToSkip(parseTranscript('t.md', `## Case\n\n${directive}\n`)[0], who);
    expect(reason('- only shoal: because', OLD)).toBe('because');
    expect(reason('- only shoal: because', SHOAL)).toBeNull();
    expect(reason('- skip 1.6.18: because', OLD)).toBe('because');
    expect(reason('- skip 1.6.18: because', NEW)).toBeNull();
    expect(reason('- needs debugtime', OLD)).toContain('debugtime');
  });
});

describe('the cuts of a conversation', () => {
  test('are behind every byte', () => {
    expect(cutsOf(turnsFor(block('> get a'), SHOAL)[0].send, bytes)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('are few inside a long repetition', () => {
    const cuts = cutsOf(turnsFor(block('> set a 0 0 100000', '> {x*100000}'), SHOAL)[0].send, bytes);
    expect(cuts.length).toBeLessThan(50);
    expect(cuts).toContain(18);
    expect(cuts).toContain(50_019);
    expect(cuts).toContain(100_018);
  });

  test('are all tried, or so many of them from one end to the other, beginning by chance', () => {
    const cuts = Array.from({ length: 21 }, (_, index) => index + 1);
    expect(chosenOf(cuts, Number.POSITIVE_INFINITY)).toEqual(cuts);
    expect(chosenOf(cuts, 21)).toEqual(cuts);
    expect(chosenOf(cuts, 4, () => 0)).toEqual([1, 6, 11, 16]);
    expect(chosenOf(cuts, 4, (limit) => limit - 1)).toEqual([5, 10, 15, 20]);
  });

  test('need a client that does not listen in between', () => {
    expect(canPipeline(block('> a', '< b', '> c', '< d'), SHOAL)).toBe(true);
    expect(canPipeline(block('> gets a', '< {c=int}', '> cas {c}', '< d'), SHOAL)).toBe(false);
    expect(canPipeline(block('> a', 'B > c'), SHOAL)).toBe(false);
    expect(canPipeline(block('until> a', '< b'), SHOAL)).toBe(false);
  });
});
