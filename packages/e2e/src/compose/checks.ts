/**
 * The checks of the compose test: sentences that hold or do not, and the numbers of both for the closing line.
 *
 * Called by every stage. A check that fails is printed with its reason and the stage goes on; what a stage cannot go on
 * without is `must`, which ends the stage. What could not be tried is skipped by name.
 */
export class Checks {
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly #startedAtMs = performance.now();

  /** Tells whether it held. Never rejects. */
  async check(sentence: string, body: () => Promise<void> | void): Promise<boolean> {
    try {
      await body();
    } catch (error) {
      this.failed++;
      this.say(`FAILED ${sentence}\n       ${messageOf(error).replaceAll('\n', '\n       ')}`);
      return false;
    }
    this.passed++;
    this.say(`ok     ${sentence}`);
    return true;
  }

  async must(sentence: string, body: () => Promise<void> | void): Promise<void> {
    if (!(await this.check(sentence, body))) throw new StageEnded(sentence);
  }

  skip(sentence: string, reason: string): void {
    this.skipped++;
    this.say(`skip   ${sentence}\n       ${reason.replaceAll('\n', '\n       ')}`);
  }

  /** A stage that ends early has failed, but only the check that ended it is counted. */
  async stage(name: string, body: () => Promise<void>): Promise<void> {
    this.say(`== ${name}`);
    try {
      await body();
    } catch (error) {
      if (error instanceof StageEnded) return;
      this.failed++;
      this.say(`FAILED ${name}\n       ${messageOf(error)}`);
    }
  }

  say(text: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${text}\n`);
  }

  get summary(): string {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}

class StageEnded extends Error {}

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
