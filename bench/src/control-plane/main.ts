// What the control plane costs: `node bench/dist/control-plane/main.js [--only daemon,etcd,discovery] [--seconds S] [--save]`.
// Prints tables, with --save written to bench/results as well; the figures of docs/scale.md come from here. A daemon and
// servers are bound to core 0, the fake nodes and clients, which are this process, to core 1.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { numberFlag } from '../flags.js';
import { busyWarning, machineFacts } from '../machine/machine.js';
import { pinnedTo, pinSelf } from '../machine/pinning.js';
import { type DaemonCost, measureDaemon } from './daemon-cost.js';
import { type DiscoveryCost, measureDiscovery } from './discovery-cost.js';
import { type EtcdCost, measureEtcd } from './etcd-cost.js';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));
const PARTS = ['daemon', 'etcd', 'discovery'] as const;
const DAEMON_NODES = [0, 10, 40, 100, 200];
const ETCD_SHAPES = [
  { daemons: 1, nodes: 0 },
  { daemons: 1, nodes: 40 },
  { daemons: 2, nodes: 40 },
];
const LISTS = [3, 40, 100, 1000];
const PUBLICATIONS = 6;
const QUESTIONS = 4000;
const USAGE_EXIT_CODE = 64;

const { only, seconds, isSaved } = readFlags();
const facts = machineFacts([], new Date());
const core = pinnedTo('0').command;
pinSelf(1);
const times = { windowMs: seconds * 1000, publications: PUBLICATIONS };
const parts: string[] = [];
if (only.includes('daemon')) parts.push(await daemonPart());
if (only.includes('etcd')) parts.push(await etcdPart());
if (only.includes('discovery')) parts.push(await discoveryPart());
const warning = busyWarning(facts);
const text = `# What the control plane costs, ${facts.date}

Shoal ${facts.commit}${facts.isModified ? ' with uncommitted changes' : ''}, Node.js ${facts.node}, ${facts.cpu}, Linux ${facts.kernel}
${warning === undefined ? '' : `\nWarning: ${warning}.\n`}
${parts.join('\n\n')}
`;
process.stdout.write(text);
if (isSaved) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}/${facts.date}-${facts.commit}-control-plane.md`, text);
}
process.exit(0);

function readFlags() {
  const options = { only: { type: 'string' }, seconds: { type: 'string' }, save: { type: 'boolean' } } as const;
  const { values } = parseArgs({ options });
  const problems: string[] = [];
  const chosen = values.only?.split(',') ?? PARTS;
  for (const part of chosen) {
    if (!PARTS.some((each) => each === part)) problems.push(`--only ${part}: must be some of ${PARTS.join(', ')}`);
  }
  const time = numberFlag({ name: 'seconds', text: values.seconds, fallback: 10, min: 1, max: 600 }, problems);
  if (problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n`);
    process.exit(USAGE_EXIT_CODE);
  }
  return { only: chosen, seconds: time, isSaved: values.save === true };
}

async function daemonPart(): Promise<string> {
  const costs: DaemonCost[] = [];
  for (const nodes of DAEMON_NODES) {
    costs.push(await measureDaemon({ nodes, registry: 'embedded', pinning: core }, times));
    process.stderr.write(`a daemon with ${nodes} nodes\n`);
  }
  const [{ idleCpuMsPerSecond: base }] = costs;
  const rows = costs.map((cost) => [
    cost.nodes,
    fixed(cost.idleCpuMsPerSecond, 1),
    fixed(cost.probesPerSecond, 1),
    fixed(cost.heartbeatsPerSecond, 1),
    cost.nodes === 0 ? '–' : fixed(((cost.idleCpuMsPerSecond - base) / cost.probesPerSecond) * 1000, 0),
    fixed(cost.residentMib, 0),
    fixed(cost.publicationMs, 0),
    fixed(cost.publicationCpuMs, 1),
  ]);
  const head = [
    'nodes',
    'CPU ms/s',
    'probes/s',
    'heartbeats/s',
    'CPU µs a probe',
    'resident MiB',
    'publication ms',
    'its CPU ms',
  ];
  return `## A pool daemon\n\n${table(head, rows)}`;
}

async function etcdPart(): Promise<string> {
  const costs: EtcdCost[] = [];
  for (const shape of ETCD_SHAPES) {
    costs.push(await measureEtcd(shape, times));
    process.stderr.write(`etcd with ${shape.daemons} daemons and ${shape.nodes} nodes\n`);
  }
  const rows = costs.map((cost) => [
    ...[cost.daemons, cost.nodes, fixed(cost.requestsPerSecond, 2), fixed(cost.cpuMsPerSecond, 1)],
    ...[fixed(cost.publicationRequests, 1), fixed(cost.publicationCpuMs, 1)],
  ]);
  const head = ['daemons', 'nodes', 'requests/s', 'CPU ms/s', 'requests a publication', 'CPU ms a publication'];
  return `## Its etcd\n\n${table(head, rows)}`;
}

async function discoveryPart(): Promise<string> {
  const costs: DiscoveryCost[] = [];
  for (const nodes of LISTS) {
    costs.push(await measureDiscovery(nodes, { questions: QUESTIONS, pinning: core }));
    process.stderr.write(`discovery with ${nodes} nodes\n`);
  }
  const rows = costs.map((cost) => [
    ...[cost.nodes, cost.answerBytes, fixed(cost.nodeNewMicros, 1), fixed(cost.nodeOpenMicros, 1)],
    ...[fixed(cost.endpointNewMicros, 1), fixed(cost.endpointOpenMicros, 1), fixed(cost.encodeMicros, 1)],
    ...[fixed(cost.parseMicros, 1), fixed(cost.ringMicros, 0)],
  ]);
  const head = ['nodes', 'bytes', 'node, new connection µs', 'open µs', 'endpoint, new µs', 'open µs'];
  return `## config get cluster\n\n${table([...head, 'encode µs', 'parse µs', 'ring µs'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---:|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}
