// `node bench/dist/load/main.js --port PORT ...`: one run against a server that is already there, for profiling by hand and for the orchestrator,
// which starts it as a process of its own. Blocks its event loop for the whole run, so SIGINT simply ends it.
// Exit codes: 0 measured, 1 a wrong reply, a closed connection or a stall, 64 bad flags.

import { pinSelf } from '../machine/pinning.js';
import { LoadError } from './load-error.js';
import { LOAD_HELP, type LoadOptions, parseLoadOptions } from './load-options.js';
import { type LoadReport, runLoad } from './load-run.js';

const EX_USAGE = 64;

export function formatLoadReport(report: LoadReport): string {
  const { workload, latencyMicros: latency, serverCpuMicrosPerOp: server } = report;
  const lines = [
    `${workload.dialect} ${workload.verb}, depth ${workload.depth}, ${workload.valueBytes}-byte values, ${report.connections} connections, ${report.seconds.toFixed(2)} s`,
    `  ${Math.round(report.opsPerSecond)} ops/s (${report.operations} operations, every reply checked)`,
    `  latency of a batch: p50 ${latency.p50} µs, p99 ${latency.p99} µs, p99.9 ${latency.p999} µs, max ${latency.max} µs`,
    `  generator CPU: ${report.generatorCpuMicrosPerOp.toFixed(3)} µs/op`,
  ];
  if (server !== undefined) {
    lines.push(
      `  server CPU:    ${server.toFixed(3)} µs/op, resident ${((report.serverResidentBytes ?? 0) / 2 ** 20).toFixed(1)} MiB`,
    );
    if (report.generatorCpuMicrosPerOp > server) lines.push(`  NOTE: ${GENERATOR_SLOWER}`);
  }
  return lines.join('\n');
}

export const GENERATOR_SLOWER =
  'the generator used more CPU per operation than the server: it sets the pace, and ops/s and latency say little about the server';

function main(): number {
  let options: LoadOptions | undefined;
  try {
    options = parseLoadOptions(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    return EX_USAGE;
  }
  if (options === undefined) {
    console.log(LOAD_HELP);
    return 0;
  }
  const warning = pinSelf(options.cpu);
  if (warning !== undefined) console.error(warning);
  try {
    const report = runLoad(options);
    console.log(options.isJson ? JSON.stringify(report) : formatLoadReport(report));
    return 0;
  } catch (error) {
    console.error(error instanceof LoadError ? error.message : error);
    return 1;
  }
}

process.exitCode = main();
