// A simulation as text: what a person reads, and what stands in docs/scale.md. The same report gives the same text.
//
// Called by main.ts. Markdown tables; times in seconds, rates a second.
import type { FleetReport } from './fleet.js';
import type { SimulationReport } from './simulate.js';

const KIB = 1024;

export function reportText(report: SimulationReport): string {
  const { options, answerBytes } = report;
  const { nodes, clients, zones, seed, pollMs, requestsPerSecond } = options;
  return [
    `# ${whole(nodes)} nodes in ${zones} zones, ${whole(clients)} clients, seed ${seed}`,
    `A poll every ${pollMs / 1000} s, ${requestsPerSecond} requests a second of each client, ${whole(answerBytes)} bytes an answer to \`config get cluster\`.`,
    '## The ring',
    ...ringLines(report),
    '## What the pool did',
    ...poolLines(report),
    '## What clients asked',
    ...report.fleets.flatMap(loadLines),
    '## When clients knew',
    ...learningLines(report.fleets),
    '## What dead nodes did to clients',
    ...troubleLines(report.fleets),
  ].join('\n\n');
}

function ringLines({ ring }: SimulationReport): string[] {
  const { least, p1, p50, p99, most } = ring.imbalance;
  const moves = ring.moves.map(({ name, moved, ideal, movedInVain }) => [
    ...[name, percent(moved), percent(ideal), (moved / ideal).toFixed(2), percent(movedInVain)],
  ]);
  return [
    table(
      ['share of a node, by the mean', 'least', 'p1', 'p50', 'p99', 'most'],
      [['', ...[least, p1, p50, p99, most].map(two)]],
    ),
    table(['keys that move', 'moved', 'ideal', 'ratio', 'between nodes that stay'], moves),
  ];
}

function poolLines({ changes, probes }: SimulationReport): string[] {
  const rows = changes.map((change) => [
    change.name,
    whole(change.lastVersion - change.firstVersion + 1),
    whole(change.nodesListed),
    seconds(change.firstAfterMs),
    seconds(change.lastAfterMs),
    seconds(change.toldAfterMs),
    `${whole(change.pushes)} (${whole(change.failedPushes)})`,
  ]);
  const head = [
    'change',
    'versions',
    'nodes listed',
    'first published s',
    'last s',
    'all nodes told s',
    'pushes (in vain)',
  ];
  return [table(head, rows), `${whole(probes)} probes in all.`];
}

function loadLines({ kind, title, periods }: FleetReport): string[] {
  const rows = periods.map(({ name, load }) => [
    name,
    `${whole(load.questionsMean)} / ${whole(load.questionsPeak)}`,
    `${two(load.nodeQuestionsMean)} / ${whole(load.nodeQuestionsP99)} / ${whole(load.nodeQuestionsPeak)}`,
    `${kib(load.nodeBytesMean)} / ${kib(load.nodeBytesPeak)}`,
    `${whole(load.endpointQuestionsMean)} / ${whole(load.endpointQuestionsPeak)}`,
    kib(load.endpointBytesPeak),
  ]);
  const head = [
    'period',
    'questions/s mean / peak',
    'of one node mean / p99 / peak',
    'its KiB/s mean / peak',
    'of the endpoint mean / peak',
    'its KiB/s peak',
  ];
  return [`### ${kind}: ${title}`, table(head, rows)];
}

function learningLines(fleets: readonly FleetReport[]): string[] {
  const rows = fleets.flatMap(({ kind, learned }) =>
    learned.map(({ name, p50Ms, p99Ms, lastMs, missing }) => [
      ...[kind, name, seconds(p50Ms), seconds(p99Ms), seconds(lastMs), whole(missing)],
    ]),
  );
  return [table(['clients', 'change', 'p50 s', 'p99 s', 'last s', 'never'], rows)];
}

function troubleLines(fleets: readonly FleetReport[]): string[] {
  const rows = fleets.map(({ kind, trouble }) => [
    kind,
    two(trouble.requestsLostMean),
    whole(trouble.noticesPeak),
    whole(trouble.reconnectsPeak),
    two(trouble.newConnectionsPeak),
  ]);
  const head = [
    'clients',
    'requests to dead nodes, a client',
    'dead nodes noticed/s peak',
    'reconnects/s peak',
    'connections/s at a new node peak',
  ];
  return [table(head, rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|---${'|---:'.repeat(head.length - 1)}|`, ...rows.map(line)].join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function two(value: number): string {
  return value.toFixed(2);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 1000 ? 3 : 1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}

function kib(bytes: number): string {
  return whole(bytes / KIB);
}
