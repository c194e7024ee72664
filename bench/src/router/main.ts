// What a router costs: `node bench/dist/router/main.js [--seconds S] [--rounds N]`. The same load on a node and on a router in
// front of three nodes, in turns: CPU of the router's process per operation with many connections, latency with one. Prints
// a table and writes it to bench/results. Nodes and router share core 0, the generator has core 1.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOAD_DEFAULTS, type LoadOptions } from '../load/load-options.js';
import { loadOnce } from '../load/load-process.js';
import type { LoadReport } from '../load/load-run.js';
import type { Workload } from '../load/workload.js';
import { busyWarning, machineFacts } from '../machine/machine.js';
import { pinnedTo } from '../machine/pinning.js';
import { shoalCommand } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import { median } from '../rows/table.js';
import { startEndpoint } from './endpoint-process.js';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));
const NODE_COUNT = 3;
const CPU_CONNECTIONS = 50;
const LATENCY_CONNECTIONS = 1;

interface RouterRow {
  readonly name: string;
  readonly workload: Workload;
}

const BASE: Workload = { verb: 'get', dialect: 'text', depth: 1, keysPerGet: 50, valueBytes: 100 };
const ROWS: readonly RouterRow[] = [
  { name: 'get', workload: BASE },
  { name: 'set', workload: { ...BASE, verb: 'set' } },
  { name: 'get, 16 pipelined, text', workload: { ...BASE, depth: 16 } },
  { name: 'set, 16 pipelined, text', workload: { ...BASE, verb: 'set', depth: 16 } },
  { name: 'get, 16 pipelined, meta', workload: { ...BASE, dialect: 'meta', depth: 16 } },
  { name: 'get, 16 pipelined, binary', workload: { ...BASE, dialect: 'binary', depth: 16 } },
  { name: 'get of 50 keys, per key', workload: { ...BASE, verb: 'mget' } },
];

interface Measured {
  readonly name: string;
  readonly routerCpu: number;
  readonly nodeCpu: number;
  readonly routedOps: number;
  readonly directOps: number;
  readonly p50: readonly [direct: number, routed: number];
  readonly p99: readonly [direct: number, routed: number];
}

const { values } = parseArgs({ options: { seconds: { type: 'string' }, rounds: { type: 'string' } } });
const seconds = Number(values.seconds ?? 2);
const rounds = Number(values.rounds ?? 3);
const facts = machineFacts([], new Date());
const core = pinnedTo('0');
const command = shoalCommand({ memcached: '', transport: 'epoll', workers: 1 });
const nodes = await Promise.all(Array.from({ length: NODE_COUNT }, () => ServerProcess.start(command, core.command)));
const endpoint = await startEndpoint(
  nodes.map(({ port }) => port),
  core.command,
);
const rows: Measured[] = [];
for (const row of ROWS) {
  rows.push(await measure(row));
  process.stderr.write(`${row.name}\n`);
}
endpoint.stop();
await Promise.all(nodes.map((node) => node.stop()));
const text = render(rows);
mkdirSync(RESULTS, { recursive: true });
writeFileSync(`${RESULTS}/${facts.date}-${facts.commit}-router.md`, text);
process.stdout.write(text);

async function measure({ name, workload }: RouterRow): Promise<Measured> {
  const side = (port: number, pid: number, connections: number) =>
    loadOnce(optionsFor(workload, port, pid, connections));
  const direct: LoadReport[] = [];
  const routed: LoadReport[] = [];
  const directAlone: LoadReport[] = [];
  const routedAlone: LoadReport[] = [];
  for (let round = 0; round < rounds; round++) {
    direct.push(await side(nodes[0].port, nodes[0].pid, CPU_CONNECTIONS));
    routed.push(await side(endpoint.port, endpoint.pid, CPU_CONNECTIONS));
    directAlone.push(await side(nodes[0].port, nodes[0].pid, LATENCY_CONNECTIONS));
    routedAlone.push(await side(endpoint.port, endpoint.pid, LATENCY_CONNECTIONS));
  }
  const of = (reports: readonly LoadReport[], read: (report: LoadReport) => number) => median(reports.map(read));
  const cpu = (report: LoadReport) => report.serverCpuMicrosPerOp ?? 0;
  return {
    name,
    routerCpu: of(routed, cpu),
    nodeCpu: of(direct, cpu),
    routedOps: of(routed, ({ opsPerSecond }) => opsPerSecond),
    directOps: of(direct, ({ opsPerSecond }) => opsPerSecond),
    p50: [
      of(directAlone, ({ latencyMicros }) => latencyMicros.p50),
      of(routedAlone, ({ latencyMicros }) => latencyMicros.p50),
    ],
    p99: [
      of(directAlone, ({ latencyMicros }) => latencyMicros.p99),
      of(routedAlone, ({ latencyMicros }) => latencyMicros.p99),
    ],
  };
}

function optionsFor(workload: Workload, port: number, pid: number, connections: number): LoadOptions {
  return { ...LOAD_DEFAULTS, host: '127.0.0.1', port, pid, workload, connections, seconds, isJson: true };
}

function render(measured: readonly Measured[]): string {
  const warnings = [busyWarning(facts), core.warning].filter((warning) => warning !== undefined);
  const lines = measured.map(({ name, routerCpu, nodeCpu, routedOps, directOps, p50, p99 }) => {
    const added = ([direct, routed]: readonly [number, number]) =>
      `${direct.toFixed(0)} + ${(routed - direct).toFixed(0)}`;
    const cells = [
      name,
      routerCpu.toFixed(2),
      nodeCpu.toFixed(2),
      whole(routedOps),
      whole(directOps),
      added(p50),
      added(p99),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return `# What the router costs, ${facts.date}

- Shoal ${facts.commit}${facts.isModified ? ' with uncommitted changes' : ''}, Node.js ${facts.node}, ${NODE_COUNT} nodes on epoll with one worker each
- ${facts.cpu}, ${facts.cores} cores, Linux ${facts.kernel}; nodes and router share core 0, the generator has core 1
- ${rounds} rounds of ${seconds} s a row and side, medians; CPU with ${CPU_CONNECTIONS} connections, latency with ${LATENCY_CONNECTIONS}; 32-byte keys, 100-byte values
- \`node bench/dist/router/main.js --seconds ${seconds} --rounds ${rounds}\`

| row | router µs/op | node asked directly µs/op | ops/s routed | ops/s direct | p50 µs: direct + added | p99 µs: direct + added |
|---|---:|---:|---:|---:|---:|---:|
${lines.join('\n')}

µs/op: CPU of that process alone. Latency: of a whole batch, from its send to its last reply.
${warnings.map((warning) => `\nWarning: ${warning}.\n`).join('')}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
