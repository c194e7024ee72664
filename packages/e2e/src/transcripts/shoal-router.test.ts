/** The transcripts of data commands through a router, before one node and before three: whole, pipelined, byte by byte. */
import { afterAll, describe, test } from '@jest/globals';
import { SHOAL_IDENTITY } from '../harness/server-command.js';
import { canPipeline } from './cuts.js';
import { type Block, type Case, reasonToSkip, turnsFor } from './document.js';
import type { Player } from './player.js';
import { ROUTED_FOLDERS, RouterShelf, reasonToLeaveOut } from './router-shelf.js';
import { readTranscripts } from './transcript-files.js';

const CASE_DEADLINE_MS = 240_000;

describe.each([1, 3])('transcripts through a router in front of %i node(s)', (nodeCount) => {
  const shelf = new RouterShelf(nodeCount, SHOAL_IDENTITY);
  afterAll(() => shelf.stopAll());
  const files = readTranscripts().filter(({ name }) => ROUTED_FOLDERS.some((folder) => name.startsWith(folder)));
  for (const file of files) {
    describe(file.name, () => {
      for (const subject of file.cases) declare(shelf, subject, reasonToLeaveOut(subject));
    });
  }
});

function declare(shelf: RouterShelf, subject: Case, leftOut: string | null): void {
  const reason = reasonToSkip(subject, SHOAL_IDENTITY) ?? leftOut;
  if (reason !== null) {
    // biome-ignore lint/suspicious/noSkippedTests: the reason is in the name
    test.skip(`${subject.title} (not played: ${reason})`, () => undefined);
    return;
  }
  test(
    subject.title,
    () => shelf.play(subject, (player, block) => playBlock(player, block, subject)),
    CASE_DEADLINE_MS,
  );
}

async function playBlock(player: Player, block: Block, { directives }: Case): Promise<void> {
  await player.playWhole(block);
  const isPlayedOnce = ['once', 'fresh', 'quiet', 'turn by turn'].some((word) => directives.has(word));
  if (isPlayedOnce || turnsFor(block, SHOAL_IDENTITY).some((turn) => turn.repeat)) return;
  if (canPipeline(block, SHOAL_IDENTITY)) await player.playPipelined(block);
  await player.playDribbled(block);
}
