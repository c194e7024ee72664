/**
 * The file of MEMCACHED_PORT_FILENAME: which ports a server listens on, for whoever started it on an ephemeral one.
 *
 * Written by server.ts's caller in main.ts once the server listens. Lines as memcached writes them, `TCP INET: 11211`, in a
 * file NAME.lck that is renamed when complete, so that a reader never sees half of it.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { type Endpoint, Family } from './connection-table.js';

export function writePortFile(path: string, endpoints: readonly Endpoint[]): void {
  const temporary = `${path}.lck`;
  writeFileSync(temporary, endpoints.map(portLine).join(''));
  renameSync(temporary, path);
}

function portLine({ family, port }: Endpoint): string {
  if (family === Family.UNIX) return '';
  return `TCP ${family === Family.IPV6 ? 'INET6' : 'INET'}: ${port}\n`;
}
