/**
 * Programs that this package does not install. A test that needs one is skipped when it is missing, and named;
 * with SHOAL_REQUIRE_PEERS=1, as in .ci/run, it fails instead.
 */
import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';

type Body = () => Promise<void> | void;

export type Declare = (name: string, body: Body, timeoutMs?: number) => void;

/** Whether a command runs and exits 0, for example `['ruby', '-e', 'require "dalli"']`. */
export function runs(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** `test` when the program is there; else a skipped or, where peers are required, a failing test of that name. */
export function testWith(program: string, present: boolean): Declare {
  if (present) return test;
  if (process.env.SHOAL_REQUIRE_PEERS === '1') {
    return (name) =>
      test(`${name} (with ${program})`, () => {
        throw new Error(`Cannot run this test: ${program} is not installed and SHOAL_REQUIRE_PEERS=1 asks for it`);
      });
  }
  return (name) => test.skip(`${name} (${program} is not installed)`, () => undefined);
}
