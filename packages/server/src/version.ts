/**
 * Shoal's own version, for the start line of the log and `stats settings`.
 *
 * `version` and `stats` say memcached's instead, whose behaviour is kept.
 */
import { readFileSync } from 'node:fs';

/** Of this package's package.json, which stands one folder above both src and dist. */
export function readShoalVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
