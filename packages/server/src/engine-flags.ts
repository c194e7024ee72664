/**
 * What a server process asks of V8: to inline more than it does by default.
 *
 * Called by main.ts before any thread is started, because flags are the process's; a library user's process is left as it is.
 * Serving a command goes through a dozen small functions (decode, dispatch, find, copy, compose), more than TurboFan's
 * budget of 920 bytes of bytecode lets it inline into one loop. More than 3,500 takes longer again: the code of a command
 * then no longer fits the first-level cache (docs/decisions/0006, 0031). They are hints to the optimizing compiler and change nothing else.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = ['--max-inlined-bytecode-size-cumulative=3500', '--max-inlined-bytecode-size=1500'];

export function raiseInliningBudget(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
