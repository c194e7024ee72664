/**
 * Plays one conversation of a transcript against a running server and compares every byte of the answers.
 *
 *   whole       a turn is one write, its answers are awaited before the next turn
 *   pipelined   everything the client says is one write
 *   split at N  everything is two writes, with a cut after N bytes that the server is known to have seen
 *   dribbled    every byte is a write of its own
 *
 * At the end the client closes its half and the server must close the other without a further byte. The keys that a
 * conversation names are removed before it is played; nothing else of the server's state is touched.
 */
import type { NetConnectOpts } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Conversation } from '../harness/conversation.js';
import { compareResponse, encodeRequest, frameBytes } from './binary-notation.js';
import { Cleaner } from './cleaner.js';
import { chosenOf, cutsOf } from './cuts.js';
import { type Answer, type Block, type Identity, type Sent, type Turn, turnsFor } from './document.js';
import { matchSegments, show } from './matcher.js';
import { type Captures, renderSegments } from './notation.js';

const SPARE_CONNECTIONS = 6;
const REPEAT_DEADLINE_MS = 60_000;
const REPEAT_PAUSE_MS = 20;
/** A binary header; as much as decides which dialect a connection speaks, and then some. */
const OPENING_BYTES = 24;

interface Play {
  readonly captures: Captures;
  readonly speakers: Map<string, Speaker>;
}

interface Speaker {
  readonly conversation: Conversation;
  consumed: number;
}

export class TranscriptMismatch extends Error {}

/** Runs a part of a play; what goes wrong in it says where. */
export async function saying(where: string, play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
}

export class Player {
  readonly #address: NetConnectOpts;
  readonly #identity: Identity;
  readonly #cleaner: Cleaner;
  readonly #spares: Promise<Conversation>[] = [];

  private constructor(address: NetConnectOpts, identity: Identity, cleaner: Cleaner) {
    this.#address = address;
    this.#identity = identity;
    this.#cleaner = cleaner;
  }

  static async connect(address: NetConnectOpts, identity: Identity, { ascii = false } = {}): Promise<Player> {
    return new Player(address, identity, await Cleaner.connect(address, { ascii }));
  }

  async close(): Promise<void> {
    this.#cleaner.close();
    for (const spare of this.#spares) (await spare).destroy();
  }

  async playWhole(block: Block): Promise<void> {
    await this.#play(block, async (play) => {
      for (const turn of turnsFor(block, this.#identity)) {
        if (turn.repeat) await this.#repeat(play, turn);
        else await this.#take(play, turn, (speaker, bytes) => speaker.conversation.send(bytes));
      }
    });
  }

  async playPipelined(block: Block): Promise<void> {
    const { turns, bytes } = this.#oneWrite(block);
    await this.#play(block, async (play) => this.#sayInPieces(play, turns, [bytes]));
  }

  /**
   * Once for each cut. A conversation that ends with an answer is played again on the same connection, because most of the
   * time goes into opening connections; the first bytes, which choose the dialect, are cut on a new one each time.
   */
  async playSplits(block: Block, cuts: readonly number[]): Promise<void> {
    const { turns, bytes } = this.#oneWrite(block);
    const canRepeat = turns.every(
      ({ answers }) => answers.length > 0 && answers.every(({ kind }) => kind !== 'closed'),
    );
    for (let index = 0; index < cuts.length; ) {
      const last = canRepeat && cuts[index] > OPENING_BYTES ? cuts.length : index + 1;
      await this.#play(block, async (play) => {
        for (; index < last; index++) {
          if (play.speakers.size > 0) await this.#cleaner.removeKeysOf(block);
          const pieces = [bytes.subarray(0, cuts[index]), bytes.subarray(cuts[index])];
          await saying(`cut after ${cuts[index]} bytes`, () => this.#sayInPieces(play, turns, pieces));
        }
      });
    }
  }

  /** Turn by turn, every byte alone, because what a client says may depend on what it has heard. */
  async playDribbled(block: Block): Promise<void> {
    await this.#play(block, async (play) => {
      for (const turn of turnsFor(block, this.#identity)) {
        const cuts = chosenOf(cutsOf(turn.send, (sent) => render(sent, play.captures)));
        await this.#take(play, turn, async (speaker, bytes) => {
          let start = 0;
          for (const cut of [...cuts, bytes.length]) {
            speaker.conversation.send(bytes.subarray(start, cut));
            if (cut < bytes.length) await this.#cleaner.sync();
            start = cut;
          }
        });
      }
    });
  }

  #oneWrite(block: Block): { turns: Turn[]; bytes: Buffer } {
    const turns = turnsFor(block, this.#identity);
    return { turns, bytes: Buffer.concat(turns.flatMap((turn) => turn.send.map(rendered))) };
  }

  async #sayInPieces(play: Play, turns: readonly Turn[], pieces: readonly Buffer[]): Promise<void> {
    const speaker = await this.#speaker(play, '');
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await this.#cleaner.sync();
      speaker.conversation.send(piece);
    }
    for (const turn of turns) await this.#hear(play, speaker, turn.answers);
  }

  async #play(block: Block, run: (play: Play) => Promise<void>): Promise<void> {
    const play: Play = { captures: new Map([['version', this.#identity.version]]), speakers: new Map() };
    await this.#cleaner.removeKeysOf(block);
    try {
      await run(play);
      for (const speaker of play.speakers.values()) await this.#leave(speaker);
    } finally {
      for (const { conversation } of play.speakers.values()) conversation.destroy();
    }
  }

  async #take(play: Play, turn: Turn, say: (speaker: Speaker, bytes: Buffer) => void | Promise<void>): Promise<void> {
    const speaker = await this.#speaker(play, turn.connection);
    if (turn.send.length > 0) await say(speaker, Buffer.concat(turn.send.map((sent) => render(sent, play.captures))));
    await this.#hear(play, speaker, turn.answers);
  }

  /** Asks anew, on a new connection, until the answer fits. */
  async #repeat(play: Play, turn: Turn): Promise<void> {
    const deadline = Date.now() + REPEAT_DEADLINE_MS;
    for (;;) {
      try {
        return await this.#take(play, turn, (speaker, bytes) => speaker.conversation.send(bytes));
      } catch (error) {
        if (!(error instanceof TranscriptMismatch) || Date.now() > deadline) throw error;
        play.speakers.get(turn.connection)?.conversation.destroy();
        play.speakers.delete(turn.connection);
        await pause(REPEAT_PAUSE_MS);
      }
    }
  }

  async #speaker(play: Play, name: string): Promise<Speaker> {
    const known = play.speakers.get(name);
    if (known !== undefined) return known;
    while (this.#spares.length < SPARE_CONNECTIONS) this.#spares.push(Conversation.open(this.#address));
    const speaker = { conversation: await this.#spares.shift()!, consumed: 0 };
    play.speakers.set(name, speaker);
    return speaker;
  }

  async #hear(play: Play, speaker: Speaker, answers: readonly Answer[]): Promise<void> {
    for (const answer of answers) {
      if (answer.kind === 'closed') {
        await speaker.conversation.waitClosed();
        this.#nothingMore(speaker, answer.line);
      } else if (answer.kind === 'anything') speaker.consumed = Number.POSITIVE_INFINITY;
      else if (answer.kind === 'frame') await this.#hearFrame(play, speaker, answer);
      else await this.#hearText(play, speaker, answer);
    }
  }

  async #hearText(play: Play, speaker: Speaker, answer: Extract<Answer, { kind: 'text' }>): Promise<void> {
    const { conversation } = speaker;
    const match = () =>
      matchSegments(answer.segments, conversation.received, speaker.consumed, play.captures, conversation.closed);
    await this.#await(speaker, answer.line, () => conversation.closed || match().outcome !== 'more');
    const result = match();
    if (result.outcome !== 'matched') {
      const wanted =
        result.outcome === 'differs' ? `"${result.wanted}" at byte ${result.at - speaker.consumed}` : 'more';
      throw this.#mismatch(speaker, answer.line, `wanted ${wanted}`);
    }
    speaker.consumed = result.end;
  }

  async #hearFrame(play: Play, speaker: Speaker, answer: Extract<Answer, { kind: 'frame' }>): Promise<void> {
    const { conversation } = speaker;
    const bytes = () => frameBytes(conversation.received, speaker.consumed);
    const complete = () => bytes() > 0 && conversation.received.length - speaker.consumed >= bytes();
    await this.#await(speaker, answer.line, () => conversation.closed || complete());
    const end = speaker.consumed + bytes();
    const difference = complete()
      ? compareResponse(answer.frame, conversation.received.subarray(speaker.consumed, end), play.captures)
      : 'the frame is cut short';
    if (difference !== null) throw this.#mismatch(speaker, answer.line, `${difference} in ${answer.frame.source}`);
    speaker.consumed = end;
  }

  async #await(speaker: Speaker, line: number, ready: () => boolean): Promise<void> {
    try {
      await speaker.conversation.until(ready, 'the answer');
    } catch (error) {
      throw this.#mismatch(speaker, line, (error as Error).message);
    }
  }

  async #leave(speaker: Speaker): Promise<void> {
    speaker.conversation.end();
    await speaker.conversation.waitClosed();
    this.#nothingMore(speaker, 0);
  }

  #nothingMore(speaker: Speaker, line: number): void {
    if (speaker.conversation.received.length > speaker.consumed)
      throw this.#mismatch(speaker, line, 'wanted nothing more');
  }

  #mismatch(speaker: Speaker, line: number, problem: string): TranscriptMismatch {
    const { received } = speaker.conversation;
    const got = `"${show(received.subarray(speaker.consumed))}"${speaker.conversation.closed ? ' and a close' : ''}`;
    return new TranscriptMismatch(`${line > 0 ? `line ${line}` : 'at the end'}: ${problem}, got ${got}`);
  }
}

function render(sent: Sent, captures: Captures): Buffer {
  return sent.kind === 'frame' ? encodeRequest(sent.frame, captures) : renderSegments(sent.segments, captures);
}

function rendered(sent: Sent): Buffer {
  return render(sent, new Map());
}
