/**
 * Counts what the transcripts say: every command of every dialect must appear in at least one, sent and answered. A new
 * command that nobody wrote a conversation for fails here.
 */
import { describe, expect, test } from '@jest/globals';
import { SHOAL_IDENTITY } from '../harness/server-command.js';
import { canPipeline } from './cuts.js';
import type { renderSegments } from './notation.js';
import { readTranscripts } from './transcript-files.js';

const TEXT = `set add replace append prepend cas get gets gat gats delete incr decr touch flush_all version verbosity quit
  stats cache_memlimit shutdown lru_crawler lru slabs watch config debugtime refresh_certs mn mg ms md ma me`;
const SUBCOMMANDS = `stats items|stats slabs|stats sizes|stats settings|stats conns|stats reset|stats detail on|stats detail off|
  stats detail dump|stats cachedump|lru_crawler enable|lru_crawler disable|lru_crawler sleep|lru_crawler tocrawl|
  lru_crawler crawl|lru_crawler metadump|lru_crawler mgdump|lru tune|lru mode|lru temp_ttl|slabs reassign|slabs automove|
  watch fetchers|watch mutations|watch deletions|config get|config set|config delete`;
const STORING = 'set add replace append prepend cas';
const NOREPLY = `${STORING} delete incr decr touch flush_all verbosity`;
const META_FLAGS = {
  mg: 'b c C f h k l O q s t v E N R T u P L',
  ms: 'b c C E F I k O q s T M N',
  md: 'b C E I k O q T x P L',
  ma: 'b C E N J D T M O q t c v k',
};
const OPCODES = [...Array(0x1f).keys(), 0x23, 0x24, ...[...Array(8).keys()].map((index) => 0x60 + index)];

const words = (list: string) => list.split(/[\s]+/);

const conversations = readTranscripts().flatMap((file) => file.cases.flatMap((one) => one.blocks));
const sent = conversations.flatMap((block) =>
  block.lines.filter((line) => line.part !== 'answer').map((line) => line.content),
);
const lines = sent.flatMap((content) => (content.kind === 'text' ? [textOf(content.segments)] : []));
const opcodes = new Set(sent.flatMap((content) => (content.kind === 'frame' ? [content.frame.opcode] : [])));

function textOf(segments: Parameters<typeof renderSegments>[0]): string {
  return segments.map((segment) => (segment.kind === 'bytes' ? segment.bytes.toString('latin1') : '{}')).join('');
}

function begins(command: string): boolean {
  return lines.some((line) => line.startsWith(`${command} `) || line.trimEnd() === command);
}

describe('the transcripts', () => {
  test.each(words(TEXT))('send %s', (command) => {
    expect(begins(command)).toBe(true);
  });

  test.each(SUBCOMMANDS.split(/\|\s*/).map((command) => command.trim()))('send %s', (command) => {
    expect(begins(command)).toBe(true);
  });

  test.each(words(NOREPLY))('send %s with noreply', (command) => {
    expect(lines.some((line) => line.startsWith(`${command} `) && line.trimEnd().endsWith(' noreply'))).toBe(true);
  });

  test.each(Object.entries(META_FLAGS).flatMap(([command, flags]) => words(flags).map((flag) => [command, flag])))(
    'send %s with the flag %s',
    (command, flag) => {
      const used = (line: string) =>
        line
          .split(/\s+/)
          .slice(command === 'ms' ? 3 : 2)
          .some((word) => word.startsWith(flag));
      expect(lines.some((line) => line.startsWith(`${command} `) && used(line))).toBe(true);
    },
  );

  test.each(OPCODES)('send the opcode %i', (opcode) => {
    expect(opcodes.has(opcode)).toBe(true);
  });

  test('are mostly such that they can be cut at every byte', () => {
    const pipelined = conversations.filter((block) => canPipeline(block, SHOAL_IDENTITY));
    expect(pipelined.length / conversations.length).toBeGreaterThan(0.75);
  });
});
