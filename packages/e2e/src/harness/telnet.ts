/**
 * The telnet program with a test at its keyboard, as somebody has it who looks into a cache by hand.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { eventually } from './eventually.js';

export const HAS_TELNET = spawnSync('telnet', ['--version'], { stdio: 'ignore' }).error === undefined;

/** A telnet whose keyboard is a pipe: types a line, waits until the screen shows what is expected. */
export class Telnet {
  screen = '';
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(port: number) {
    this.#child = spawn('telnet', ['127.0.0.1', String(port)]);
    this.#child.stdout.setEncoding('utf8').on('data', (text) => (this.screen += text));
  }

  async type(line: string, expected: string): Promise<void> {
    this.screen = '';
    this.#child.stdin.write(`${line}\n`);
    await this.shows(expected);
  }

  shows(expected: string): Promise<void> {
    return eventually(`telnet to show ${expected}`, () => this.screen.includes(expected));
  }

  hasEnded(): Promise<void> {
    return eventually('telnet to end', () => this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  close(): void {
    this.#child.kill();
  }
}
