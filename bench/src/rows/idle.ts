// What a node costs that nobody talks to: CPU over some seconds, and resident memory with one worker and for
// each further one. Called by bench.ts on freshly started servers of its own; memcached stands beside it for
// scale. Stops what it starts.
import { setTimeout as delay } from 'node:timers/promises';
import { CpuReader } from '../machine/cpu-reader.js';
import { peerCommand, type Sides, shoalCommand } from '../peers/contenders.js';
import { ServerProcess } from '../peers/server-process.js';

const SETTLE_MS = 2000;
const MORE_WORKERS = 3;

export interface IdleSide {
  readonly cpuMsPerSecond: number;
  readonly residentBytes: number;
}

export interface IdleResult {
  readonly seconds: number;
  readonly shoal: IdleSide;
  readonly peer: IdleSide;
  readonly bytesPerFurtherWorker: number;
}

export async function measureIdle(sides: Sides, seconds: number): Promise<IdleResult> {
  const one = { ...sides, workers: 1 };
  const commands = [shoalCommand(one), peerCommand(one), shoalCommand({ ...sides, workers: MORE_WORKERS })];
  const servers = await Promise.all(commands.map((command) => ServerProcess.start(command, [])));
  await delay(SETTLE_MS);
  const readers = servers.map((server) => new CpuReader(server.pid));
  const before = readers.map((reader) => reader.nanos());
  await delay(seconds * 1000);
  const measured = readers.map((reader, i) => ({
    cpuMsPerSecond: (reader.nanos() - before[i]) / 1e6 / seconds,
    residentBytes: reader.residentBytes(),
  }));
  await Promise.all(servers.map((server) => server.stop()));
  const [shoal, peer, many] = measured;
  const bytesPerFurtherWorker = (many.residentBytes - shoal.residentBytes) / (MORE_WORKERS - 1);
  return { seconds, shoal, peer, bytesPerFurtherWorker };
}
