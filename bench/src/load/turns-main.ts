/**
 * `node bench/dist/load/turns-main.js PLAN`: runs the turns of a plan (JSON) and prints their windows as JSON.
 *
 * Started by turns-process.ts. Exit codes: 0 measured, 1 a wrong reply, a closed connection or a stall.
 */
import { pinSelf } from '../machine/pinning.js';
import { LoadError } from './load-error.js';
import { runTurns, type TurnsPlan } from './turns.js';

const plan: TurnsPlan = JSON.parse(process.argv[2]);
const warning = pinSelf(plan.cpu);
if (warning !== undefined) console.error(warning);
try {
  console.log(JSON.stringify(runTurns(plan)));
} catch (error) {
  console.error(error instanceof LoadError ? error.message : error);
  process.exitCode = 1;
}
