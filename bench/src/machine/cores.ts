// Which cores the server and the generator get. Pure; called by bench.ts. Servers take cores 0 to workers-1, the
// generator the next one; where the machine has too few, they share and the bench says so, because throughput
// and latency mean little then (CPU per operation still does).
export interface Cores {
  readonly server: string;
  readonly generator: number;
  readonly warning?: string;
}

export function planCores(workers: number, available: number): Cores {
  const serverCores = Math.min(workers, available);
  const server = Array.from({ length: serverCores }, (_, core) => core).join(',');
  if (workers < available) return { server, generator: workers };
  return {
    server,
    generator: available - 1,
    warning: `${available} core(s) for ${workers} worker(s) and the generator: server and generator share core ${available - 1}`,
  };
}
