/**
 * `stats` of the endpoint: which report, what nodes are asked for it, and how their answers become one.
 *
 *     stats            sums; the router's own pid, uptime, time; rows of the router itself at the end
 *     stats nodes      a row a node
 *     stats items|slabs|sizes    sums by class      stats settings    the common value, or all values
 *     stats conns      every node's connections, named by the node     stats detail     on, off: all nodes; dump: sums
 *     stats cachedump  is asked of a node
 *
 * Names are cut short as memcached allows. A node that does not answer is left out and counted.
 */
import { type ByteWriter, Dialect, type Request, Status, VERSION, writeBinaryStat } from '@shoal/protocol';
import type { Asker } from './asker.js';
import { ReplyShape } from './exchange.js';
import { ASK_A_NODE, type FanOutPlan, type NodeAnswer, onePlan, wordsOf } from './fan-out-plan.js';
import { combined, joinPrefixes, mergeReports, type Report, readReport } from './stat-sums.js';

const NODE_COLUMNS = [
  'version',
  'uptime',
  'curr_connections',
  'curr_items',
  'bytes',
  'limit_maxbytes',
  'cmd_get',
  'get_hits',
  'get_misses',
  'cmd_set',
  'evictions',
];

type Compose = (answers: readonly NodeAnswer[]) => Report;

/** A `Status` when there is nothing to ask: of ERROR binary makes "no such report". */
export function planStatistics(session: Asker, input: Buffer, request: Request): FanOutPlan | number {
  const isBinary = request.dialect === Dialect.BINARY;
  const [what = '', which = ''] = isBinary ? binaryWords(input, request) : wordsOf(input, request).slice(1);
  const named = (name: string) => (isBinary ? what.startsWith(name) : name.startsWith(what));
  if (what === '') return reportPlan(request, 'stats', (answers) => general(session, answers));
  if (what === 'nodes') return reportPlan(request, 'stats', rowsOfNodes);
  if (named('reset')) return isBinary ? reportPlan(request, 'stats reset', () => []) : onePlan(session, 'stats reset');
  if (named('detail')) return detailPlan(session, request, which, isBinary);
  if (named('settings')) return reportPlan(request, 'stats settings', (answers) => mergeReports(answers, shared));
  if (what === 'items' || what === 'slabs' || what === 'sizes') {
    return reportPlan(request, `stats ${what}`, (answers) => mergeReports(answers, combined));
  }
  if (isBinary) return Status.ERROR;
  if ('cachedump'.startsWith(what)) return ASK_A_NODE;
  if ('conns'.startsWith(what)) return reportPlan(request, 'stats conns', connections);
  return 'extstore'.startsWith(what) ? Status.END : Status.ERROR;
}

function binaryWords(input: Buffer, { keyStart, keyEnd }: Request): string[] {
  return input.toString('latin1', keyStart, keyEnd).split(' ');
}

/** stats detail on|off|dump */
function detailPlan(session: Asker, request: Request, which: string, isBinary: boolean): FanOutPlan | number {
  const named = (name: string) => (isBinary ? which.startsWith(name) : name.startsWith(which));
  if (!isBinary && which === '') return Status.STATS_DETAIL_USAGE;
  const word = ['on', 'off', 'dump'].find(named);
  if (word === undefined) return isBinary ? Status.ERROR : Status.STATS_DETAIL_USAGE;
  if (word !== 'dump') {
    return isBinary ? reportPlan(request, `stats detail ${word}`, () => []) : onePlan(session, `stats detail ${word}`);
  }
  if (isBinary) return reportPlan(request, 'stats detail dump', (answers) => [['detailed', joinPrefixes(answers)]]);
  return {
    line: 'stats detail dump\r\n',
    shape: ReplyShape.LIST,
    conclude: (answers, answer) => answer.text(joinPrefixes(answers)),
  };
}

/** A report in the form of the client's dialect. */
function reportPlan(request: Request, command: string, compose: Compose): FanOutPlan {
  const { dialect, opaque } = request;
  return {
    line: `${command}\r\n`,
    shape: ReplyShape.LIST,
    conclude: (answers, answer) => {
      const report = compose(answers);
      if (dialect === Dialect.BINARY) writeBinaryReport(answer, report, opaque);
      else answer.text(`${report.map(([name, value]) => `STAT ${name} ${value}\r\n`).join('')}END\r\n`);
    },
  };
}

function writeBinaryReport(answer: ByteWriter, report: Report, opaque: number): void {
  for (const [name, value] of report) writeBinaryStat(answer, opaque, name, value);
  writeBinaryStat(answer, opaque, '', '');
}

/** Sums of the nodes, with what only the router knows in the place of what only a process has. */
function general({ table }: Asker, answers: readonly NodeAnswer[]): Report {
  const nowMs = Date.now();
  const own: Readonly<Record<string, string | number>> = {
    pid: process.pid,
    uptime: Math.floor((nowMs - table.startedAtMs) / 1000),
    time: Math.floor(nowMs / 1000),
    version: VERSION,
  };
  const sums = mergeReports(answers, combined).filter(([name]) => own[name] === undefined);
  const { counters, routes } = table;
  return [
    ...Object.entries(own).map(([name, value]) => [name, `${value}`] as const),
    ...sums,
    ['router_nodes', `${routes.nodes.length}`],
    ['router_unreachable_nodes', `${answers.filter(({ failure }) => failure !== null).length}`],
    ['router_config_version', `${routes.version}`],
    ['router_curr_connections', `${counters.currentConnections}`],
    ['router_total_connections', `${counters.totalConnections}`],
    ['router_rejected_connections', `${counters.rejectedConnections}`],
    ['router_held_bytes', `${table.held.total}`],
    ['router_postponed_replies', `${counters.postponedReplies}`],
    ['router_dropped_slow_clients', `${counters.slowClientsDropped}`],
  ];
}

/** `STAT 127.0.0.1:11212 version=1.6.45 uptime=12 …`, or what is wrong with the node. */
function rowsOfNodes(answers: readonly NodeAnswer[]): Report {
  return answers.map(({ node, text, failure }) => {
    if (failure !== null) return [node, `unreachable: ${failure}`];
    const values = new Map(readReport(text));
    return [node, NODE_COLUMNS.map((column) => `${column}=${values.get(column) ?? '-'}`).join(' ')];
  });
}

function connections(answers: readonly NodeAnswer[]): Report {
  return answers.flatMap(({ node, text }) =>
    readReport(text).map(([name, value]) => [`${node}:${name}`, value] as const),
  );
}

/** One value if all nodes agree, else all of them, in the order of the list. */
function shared(_name: string, values: readonly string[]): string {
  return new Set(values).size === 1 ? values[0] : values.join(',');
}
