/** Replies as they may arrive: whole, cut anywhere, malformed. */
import { describe, expect, test } from '@jest/globals';
import { Code, ReplyReader, type ReplySink } from './reply-reader.js';

interface Heard {
  readonly code: number;
  readonly text: string;
  readonly flags: number;
  readonly cas: string;
  readonly marks: string;
}

class Ear implements ReplySink {
  readonly heard: Heard[] = [];
  problem: string | null = null;

  onReply(reply: ReplyReader): void {
    const { code, clientFlags: flags, cas } = reply;
    const value = reply.bytes.toString('latin1', reply.valueStart, reply.valueEnd);
    const marks = `${reply.isWon ? 'W' : ''}${reply.isStale ? 'X' : ''}${reply.isWonByAnother ? 'Z' : ''}`;
    this.heard.push({ code, text: code === Code.VA ? value : reply.lineText(), flags, cas, marks });
  }

  onMalformed(reason: string): void {
    this.problem = reason;
  }
}

function hear(...chunks: string[]): Ear {
  const ear = new Ear();
  const reader = new ReplyReader(ear, 1000);
  for (const chunk of chunks) reader.feed(Buffer.from(chunk, 'latin1'), chunk.length);
  return ear;
}

const STORY = [
  'VA 5 f0\r\nhello\r\n',
  'EN\r\n',
  'VA 0 f2 c18446744073709551615 W\r\n\r\n',
  'HD\r\n',
  'VA 12 X Z f4294967295\r\n\r\nVA 1 f0\r\nx\r\n',
  'SERVER_ERROR out of memory\r\n',
  'STAT pid 1\r\n',
  'END\r\n',
].join('');

describe('a reply reader', () => {
  test('reads values, flags and lines', () => {
    expect(hear(STORY).heard).toEqual([
      { code: Code.VA, text: 'hello', flags: 0, cas: '', marks: '' },
      { code: Code.EN, text: 'EN', flags: 0, cas: '', marks: '' },
      { code: Code.VA, text: '', flags: 2, cas: '18446744073709551615', marks: 'W' },
      { code: Code.HD, text: 'HD', flags: 0, cas: '', marks: '' },
      { code: Code.VA, text: '\r\nVA 1 f0\r\nx', flags: 4294967295, cas: '', marks: 'XZ' },
      { code: Code.SE, text: 'SERVER_ERROR out of memory', flags: 0, cas: '', marks: '' },
      { code: Code.ST, text: 'STAT pid 1', flags: 0, cas: '', marks: '' },
      { code: Code.EN, text: 'END', flags: 0, cas: '', marks: '' },
    ]);
  });

  test('reads the same however the bytes are cut', () => {
    const whole = hear(STORY).heard;
    for (let first = 1; first < STORY.length; first++) {
      expect(hear(STORY.slice(0, first), STORY.slice(first)).heard).toEqual(whole);
      for (let second = first + 1; second < STORY.length; second += 7) {
        const parts = [STORY.slice(0, first), STORY.slice(first, second), STORY.slice(second)];
        expect(hear(...parts).heard).toEqual(whole);
      }
    }
    expect(hear(...STORY).heard).toEqual(whole);
  });

  test.each([
    ['a length that is no number', 'VA x f0\r\nabc\r\n'],
    ['no length', 'VA \r\nabc\r\n'],
    ['a value above the limit', 'VA 1001 f0\r\n'],
    ['a value that does not end where it says', 'VA 2 f0\r\nabc\r\n'],
    ['a line without end', 'A'.repeat(10_000)],
  ])('says what is wrong with %s, however it is cut', (_, sent) => {
    expect(hear(sent).problem).not.toBeNull();
    expect(hear(...sent).problem).not.toBeNull();
    expect(hear(sent).heard).toEqual([]);
  });

  test('reads nothing more after a malformed reply', () => {
    const ear = hear('VA x\r\n', 'HD\r\n');
    expect(ear.problem).not.toBeNull();
    expect(ear.heard).toEqual([]);
  });
});
