/**
 * Shoal's own version, for the log and for who asks the daemon what it is. Read from this package's package.json, which
 * stands one folder above both src and dist.
 */
import { readFileSync } from 'node:fs';

export function readShoalVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
