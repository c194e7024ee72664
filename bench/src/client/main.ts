// `node bench/dist/client/main.js`: Shoal's client against memjs, memcached and memcache-client of npm on one node, which is Shoal or
// with --server memcached a real one. Server on core 0, client on core 1, each client in a process of its own, in turn within a round.
// Prints the table and with --save writes it to bench/results/. Exit codes: 0, with --check 1 when Shoal is not ahead everywhere.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { planCores } from '../machine/cores.js';
import { busyWarning, type MachineFacts, machineFacts } from '../machine/machine.js';
import { pinnedTo } from '../machine/pinning.js';
import { peerCommand, shoalCommand } from '../peers/contenders.js';
import { killAll, ServerProcess } from '../peers/server-process.js';
import { behind, comparisonTable, type Round, type Rounds } from './comparison.js';
import { CONTENDERS, type ContenderName } from './contenders.js';
import { type ClientRow, type ClientSample, ROWS } from './sample.js';

const LOAD = fileURLToPath(new URL('client-load.js', import.meta.url));
const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));
const RUN_MS_MAX = 120_000;
const SIDES = { memcached: 'memcached', transport: 'epoll', workers: 1 } as const;
const run = promisify(execFile);

interface Settings {
  readonly server: ServerProcess;
  readonly core: number;
  readonly rounds: number;
  readonly seconds: number;
}

async function sampleOf(name: ContenderName, row: ClientRow, settings: Settings): Promise<ClientSample> {
  const { server, core, seconds } = settings;
  const flags = ['--client', name, '--row', row, '--port', server.port, '--seconds', seconds, '--core', core].map(
    String,
  );
  const { stdout } = await run(process.execPath, [LOAD, ...flags], { timeout: RUN_MS_MAX });
  return JSON.parse(stdout);
}

/** The order turns round every second round, so that nobody always comes first. */
async function roundOf(row: ClientRow, index: number, settings: Settings): Promise<Round> {
  const order = index % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed();
  const samples: [ContenderName, ClientSample][] = [];
  for (const name of order) samples.push([name, await sampleOf(name, row, settings)]);
  return Object.fromEntries(samples) as Round;
}

async function measure(settings: Settings): Promise<Rounds> {
  const rounds: Record<ClientRow, Round[]> = { get: [], set: [], getMany: [] };
  for (let index = 0; index < settings.rounds; index++) {
    for (const row of ROWS) {
      console.error(`round ${index + 1} of ${settings.rounds}: ${row}`);
      rounds[row].push(await roundOf(row, index, settings));
    }
  }
  return rounds;
}

function report(machine: MachineFacts, { server, rounds, seconds }: Settings, table: string): string {
  return [
    `# Shoal's client against memjs 1.3.2, memcached 2.2.2 and memcache-client 1.0.5, ${machine.date}`,
    '',
    `- One node: ${server.name} ${server.version}, one thread; clients from commit ${machine.commit}, Node.js ${machine.node}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    `- ${rounds} rounds of ${seconds} s a row and client, 10,000 keys of 32 bytes, 100-byte values; getMany asks for 100 keys, each counts as one operation`,
    '- CPU is the client process alone, user and system; memjs has no call for many keys and is asked for each',
    '',
    table,
    ...[busyWarning(machine)].flatMap((warning) => (warning === undefined ? [] : ['', `Warning: ${warning}.`])),
  ].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'shoal' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      check: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const cores = planCores(1, availableParallelism());
  const machine = machineFacts([], new Date());
  for (const warning of [cores.warning, busyWarning(machine)]) if (warning !== undefined) console.error(warning);
  const command = values.server === 'memcached' ? peerCommand(SIDES) : shoalCommand(SIDES);
  const server = await ServerProcess.start(command, pinnedTo(cores.server).command);
  const settings = { server, core: cores.generator, rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const rounds = await measure(settings);
  await server.stop();
  const text = report(machine, settings, comparisonTable(rounds));
  console.log(text);
  const file = `${RESULTS}/${machine.date}-${machine.commit}-clients-${values.server}`;
  if (values.save) writeFileSync(`${file}.md`, `${text}\n`);
  const missed = behind(rounds);
  if (missed.length > 0) console.error(`not ahead:\n${missed.join('\n')}`);
  return values.check && missed.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(130);
  });
}
process.exitCode = await main();
