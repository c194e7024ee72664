// What a question for the list costs by the length of the list: CPU of a node and of an endpoint for each, over a new connection as
// pollers ask and over one that is open, and CPU of a client that reads the answer and builds its ring. Called by main.ts.
//
// Nodes of the list need not exist: nobody is sent there. Names are as long as those of a cluster in a cloud.
import { connect } from 'node:net';
import { HashRing } from '@shoal/client';
import { type ClusterConfig, encodeClusterConfig, parseClusterConfig } from '@shoal/protocol';
import { CpuReader } from '../machine/cpu-reader.js';
import { shoalCommand } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';
import { startEndpoint } from '../router/endpoint-process.js';

export interface DiscoveryCost {
  readonly nodes: number;
  readonly answerBytes: number;
  readonly nodeNewMicros: number;
  readonly nodeOpenMicros: number;
  readonly endpointNewMicros: number;
  readonly endpointOpenMicros: number;
  /** Check and encode: once for each node that is told of a version. */
  readonly encodeMicros: number;
  readonly parseMicros: number;
  readonly ringMicros: number;
}

const HOST = '127.0.0.1';
const QUESTION = 'config get cluster\r\n';
const ASKERS = 8;
const END = Buffer.from('\r\nEND\r\n');

export async function measureDiscovery(
  nodes: number,
  { questions, pinning }: { readonly questions: number; readonly pinning: readonly string[] },
): Promise<DiscoveryCost> {
  const payload = encodeClusterConfig(listOf(nodes));
  const node = await ServerProcess.start(shoalCommand({ memcached: '', transport: 'epoll', workers: 1 }), pinning);
  const stored = await ask(
    node.port,
    `config set cluster 0 ${payload.length}\r\n${Buffer.from(payload).toString()}\r\n`,
    Buffer.from('STORED\r\n'),
  );
  const [nodeNewMicros, nodeOpenMicros] = await costsAt(node, questions);
  await node.stop();
  const endpoint = await startEndpoint(
    Array.from({ length: nodes }, (_, index) => index + 1),
    pinning,
  );
  const [endpointNewMicros, endpointOpenMicros] = await costsAt(endpoint, questions);
  endpoint.stop();
  const config = parseClusterConfig(payload) as ClusterConfig;
  return {
    nodes,
    answerBytes: stored + payload.length,
    ...{ nodeNewMicros, nodeOpenMicros, endpointNewMicros, endpointOpenMicros },
    encodeMicros: microsOf(() => encodeClusterConfig(config)),
    parseMicros: microsOf(() => parseClusterConfig(payload)),
    ringMicros: microsOf(() => new HashRing(config.nodes)),
  };
}

function listOf(count: number): ClusterConfig {
  const nodes = Array.from({ length: count }, (_, index) => ({
    hostname: `cache-${String(index + 1).padStart(4, '0')}.zone-a.internal`,
    ip: `10.0.${index >> 8}.${index & 255}`,
    port: 11211,
  }));
  return { version: 1, nodes };
}

async function costsAt({ pid, port }: { pid: number; port: number }, questions: number): Promise<[number, number]> {
  const cpu = new CpuReader(pid);
  const costs: number[] = [];
  for (const perConnection of [1, questions / ASKERS]) {
    await askMany(port, perConnection, questions / 10);
    const nanos = cpu.nanos();
    await askMany(port, perConnection, questions);
    costs.push((cpu.nanos() - nanos) / 1000 / questions);
  }
  return [costs[0], costs[1]];
}

async function askMany(port: number, perConnection: number, questions: number): Promise<void> {
  const rounds = Math.ceil(questions / ASKERS / perConnection);
  const askers = Array.from({ length: ASKERS }, async () => {
    for (let round = 0; round < rounds; round++) await ask(port, QUESTION, END, perConnection);
  });
  await Promise.all(askers);
}

/** Sends the question again and again, each after the answer to the last; resolves with the bytes that came. */
function ask(port: number, question: string, end: Buffer, times = 1): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port }, () => socket.write(question));
    let [answers, received] = [0, 0];
    let tail = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received += chunk.length;
      tail = Buffer.concat([tail, chunk]).subarray(-end.length);
      if (!tail.equals(end)) return;
      tail = Buffer.alloc(0);
      if (++answers < times) socket.write(question);
      else {
        socket.destroy();
        resolve(received);
      }
    });
  });
}

function microsOf(work: () => unknown): number {
  const untilMs = performance.now() + 100;
  while (performance.now() < untilMs) work();
  const started = process.cpuUsage();
  let count = 0;
  for (const endMs = performance.now() + 300; performance.now() < endMs; count++) work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / count;
}
