/**
 * `npm run chaos -- --seconds 60 --seed N [--registry embedded|etcd]`: a chaos run and its report; exit code 1 when something was
 * not as it must be.
 *
 * `--bound-ms` is how long the replacement of a single node may take, `--log FILE` keeps what the daemons logged.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ChaosRun } from './chaos-run.js';
import { seconds } from './harm.js';
import { FaultKind } from './schedule.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    registry: { type: 'string', default: 'embedded' },
    'bound-ms': { type: 'string', default: '5000' },
    log: { type: 'string' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function timesOf(run: ChaosRun, kind: FaultKind): string {
  const times = run.harm.replacements.filter((each) => each.kind === kind).map(({ tookMs }) => tookMs);
  if (times.length === 0) return 'no replacement';
  times.sort((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  return `${times.length} replaced, median ${seconds(median)}, max ${seconds(times[times.length - 1])}`;
}

function report(run: ChaosRun): void {
  say('');
  for (const [kind, count] of run.harm.faults) {
    const isReplaced = kind === FaultKind.KILL_NODE || kind === FaultKind.STOP_NODE || kind === FaultKind.KILL_HOST;
    say(`${String(count).padStart(4)} × ${kind}${isReplaced ? `: ${timesOf(run, kind)}` : ''}`);
  }
  const { load, watch, machine, ledger } = run;
  say(`${load.requests} requests, ${load.failed} failed while something was down:`);
  for (const [reason, count] of load.failures) say(`${String(count).padStart(7)}  ${reason}`);
  say(`${ledger.acknowledged} writes in the ledger; ${run.keysChecked} keys looked for at ${run.rests} rests`);
  say(`at rest every request succeeded within ${seconds(run.accessMsMax)}, those of the check itself included`);
  say(`version ${watch.newest.version}, seen by ${watch.observers} observers in ${watch.looks} looks`);
  say(`${watch.replacements} processes replaced, ${run.daemonStarts} starts of the daemon`);
  const worst = Math.max(0, ...machine.stalls.map(({ lateMs }) => lateMs));
  say(`${machine.stalls.length} stalls of the machine${worst === 0 ? '' : `, the longest ${Math.round(worst)} ms`}`);
}

const registry = values.registry === 'etcd' ? 'etcd' : 'embedded';
const seed = Number(values.seed);
say(`Chaos for ${values.seconds} s with seed ${seed}, registry ${registry}`);
const run = await ChaosRun.go({
  seconds: Number(values.seconds),
  seed,
  registry,
  boundMs: Number(values['bound-ms']),
  say,
});
report(run);
if (values.log !== undefined) writeFileSync(values.log, run.daemonOutput);
if (run.violations.length === 0) say('Every invariant held.');
else for (const violation of run.violations) say(`BROKEN (seed ${seed}): ${violation}`);
process.exitCode = run.violations.length === 0 ? 0 : 1;
