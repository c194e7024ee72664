/**
 * Finds the transcripts of this package and reads them. Used by the tests that play them and by the test that counts
 * what they cover.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Case, parseTranscript } from './document.js';

const FOLDER = fileURLToPath(new URL('../../transcripts/', import.meta.url));

export interface TranscriptFile {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** All of them, or those whose name holds SHOAL_E2E_TRANSCRIPTS. */
export function readTranscripts(): TranscriptFile[] {
  const wanted = process.env.SHOAL_E2E_TRANSCRIPTS ?? '';
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && name !== 'README.md' && name.includes(wanted))
    .sort()
    .map((name) => ({
      name: relative('.', name),
      cases: parseTranscript(name, readFileSync(join(FOLDER, name), 'utf8')),
    }));
}
