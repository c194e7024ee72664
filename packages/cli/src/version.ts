/**
 * What `-V`, `--version` and the first line of help say. The first line is memcached's own form, because tools read the
 * version of the behaviour from it; the second says what really runs.
 */
import { readFileSync } from 'node:fs';

/** The memcached whose behaviour is kept (docs/protocol.md); the server answers `version` with the same number. */
export const BEHAVIOUR_VERSION = '1.6.45';

export function shoalVersion(): string {
  const manifest = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

export function versionText(): string {
  return `memcached ${BEHAVIOUR_VERSION}\nshoal ${shoalVersion()} (Node.js ${process.version})\n`;
}
