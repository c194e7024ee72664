import { describe, expect, test } from '@jest/globals';
import { BINARY_TEXTS, BinaryStatus, STATUS_LINES, Status } from './status.js';
import { textOf } from './testing/story.js';

describe('the wordings', () => {
  test('are numbered from 0 without a gap', () => {
    expect(Object.values(Status)).toEqual(Object.values(Status).map((_, index) => index));
    expect(STATUS_LINES).toHaveLength(Object.keys(Status).length);
  });

  test('end their line, and say something different each', () => {
    const lines = STATUS_LINES.map(textOf);
    expect(lines[Status.NONE]).toBe('');
    expect(lines.slice(1).filter((line) => !line.endsWith('\r\n'))).toEqual([]);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('begin as the protocol document says that errors begin', () => {
    const errors = STATUS_LINES.map(textOf).filter((line) => line.includes('ERROR'));
    expect(errors.filter((line) => !/^(ERROR|CLIENT_ERROR |SERVER_ERROR:? )/.test(line))).toEqual([]);
  });

  test('keep the oddities of 1.6.45', () => {
    expect(textOf(STATUS_LINES[Status.BAD_FORMAT_IN_GET])).toBe('CLIENT_ERROR bad command line format\r\n\r\n');
    expect(textOf(STATUS_LINES[Status.EMPTY_LINE])).toBe('\r\n');
    expect(textOf(STATUS_LINES[Status.SHUTDOWN_NOT_ENABLED])).toBe('SERVER_ERROR: shutdown not enabled\r\n');
    expect(textOf(STATUS_LINES[Status.VERSION])).toMatch(/^VERSION \d+\.\d+\.\d+\r\n$/);
  });

  test('exist for every binary status', () => {
    const { SUCCESS, ...failures } = BinaryStatus;
    expect(BINARY_TEXTS[SUCCESS]).toHaveLength(0);
    for (const status of Object.values(failures)) expect(textOf(BINARY_TEXTS[status])).toMatch(/^[A-Z]/);
  });
});
