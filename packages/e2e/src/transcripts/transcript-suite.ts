/**
 * Declares one jest test for each case of each transcript and each way of playing it. The test files beside this one
 * name the server; a case that the server does not play is skipped with its reason in the name.
 */
import { afterAll, describe, test } from '@jest/globals';
import type { Command } from '../harness/server-process.js';
import { encodeRequest } from './binary-notation.js';
import { canPipeline, chosenOf, cutsOf } from './cuts.js';
import { type Block, type Case, type Identity, reasonToSkip, type Sent, turnsFor } from './document.js';
import { type Captures, renderSegments } from './notation.js';
import { type Player, saying } from './player.js';
import { ServerShelf } from './server-shelf.js';
import { readTranscripts } from './transcript-files.js';

const CASE_DEADLINE_MS = 240_000;

export interface TranscriptServer {
  readonly name: string;
  readonly identity: Identity;
  readonly command: (flags: readonly string[]) => Command;
  readonly inPieces: boolean;
}

export function describeTranscripts({ name, identity, command, inPieces }: TranscriptServer): void {
  describe(`transcripts on ${name}`, () => {
    const shelf = new ServerShelf(command, identity);
    afterAll(() => shelf.stopAll());
    for (const file of readTranscripts()) {
      describe(file.name, () => {
        for (const subject of file.cases) declare(shelf, subject, identity, inPieces);
      });
    }
  });
}

function declare(shelf: ServerShelf, subject: Case, identity: Identity, inPieces: boolean): void {
  const skipped = reasonToSkip(subject, identity);
  if (skipped !== null) {
    // biome-ignore lint/suspicious/noSkippedTests: the reason is in the name, and the transcript says it too
    test.skip(`${subject.title} (not played: ${skipped})`, () => undefined);
    return;
  }
  test(subject.title, () => playCase(shelf, subject, identity, playWhole), CASE_DEADLINE_MS);
  if (inPieces && !isPlayedOnce(subject)) {
    test(`${subject.title} (in pieces)`, () => playCase(shelf, subject, identity, playInPieces), CASE_DEADLINE_MS);
  }
}

function isPlayedOnce({ directives }: Case): boolean {
  return directives.has('once') || directives.has('fresh') || directives.has('quiet');
}

type Plays = (player: Player, block: Block, subject: Case, identity: Identity) => Promise<void>;

async function playCase(shelf: ServerShelf, subject: Case, identity: Identity, plays: Plays): Promise<void> {
  const flags = flagsFor(subject, identity, plays === playInPieces);
  const playBlocks = async (player: Player) => {
    for (const block of subject.blocks) {
      await saying(`conversation of line ${block.line}`, () => plays(player, block, subject, identity));
    }
  };
  if (subject.directives.has('fresh')) await shelf.withFresh(flags, playBlocks);
  else await playBlocks(await shelf.player(flags, subject.directives.has('quiet') ? 'quiet' : ''));
}

/** One worker where pieces are sent, because the cleaner can only say what its own worker has read; else the usual four. */
function flagsFor({ directives }: Case, identity: Identity, inPieces: boolean): string {
  const flags = directives.get('server')?.replaceAll('`', '') ?? '';
  const threads = (inPieces || flags !== '') && !flags.includes('-t ') ? '-t 1' : '';
  const debug = directives.has('needs debugtime') && identity.server === 'shoal' ? '--debug-commands' : '';
  return [flags, threads, debug].filter((part) => part !== '').join(' ');
}

async function playWhole(player: Player, block: Block, subject: Case, identity: Identity): Promise<void> {
  await player.playWhole(block);
  if (pipelines(block, subject, identity)) await player.playPipelined(block);
}

/** Cut at every place that is chosen, once each; where the client has to listen in between, every byte alone. */
async function playInPieces(player: Player, block: Block, subject: Case, identity: Identity): Promise<void> {
  const turns = turnsFor(block, identity);
  if (turns.some((turn) => turn.repeat)) return;
  if (pipelines(block, subject, identity)) {
    const sent = turns.flatMap((turn) => turn.send);
    const none: Captures = new Map();
    const bytesOf = (one: Sent) =>
      one.kind === 'frame' ? encodeRequest(one.frame, none) : renderSegments(one.segments, none);
    await player.playSplits(block, chosenOf(cutsOf(sent, bytesOf)));
  }
  await saying('byte by byte', () => player.playDribbled(block));
}

function pipelines(block: Block, subject: Case, identity: Identity): boolean {
  const { directives } = subject;
  const alone = isPlayedOnce(subject) || directives.has('turn by turn');
  return !alone && !directives.has(`${identity.server} turn by turn`) && canPipeline(block, identity);
}
