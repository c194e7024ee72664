/**
 * Writing a small file so that kill -9 or a power cut at any moment leaves either the old text or the new one.
 *
 * Used by the embedded registry and the data directory, each of which is alone with its file (data-directory.ts locks).
 * The text goes into a temporary file of the same folder, is flushed, renamed over the file, and the folder is flushed,
 * since a rename that only memory knows is lost with the power. A left-over temporary file is overwritten by the next one.
 */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const PRIVATE_MODE = 0o600;

export function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

/** When this resolves, the text is there to stay. When it rejects, the file holds the old text or, rarely, the new one. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    await writeFlushed(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await flushFolder(dirname(path));
}

/** Makes a rename or a link in this folder outlive a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeFlushed(path: string, text: string): Promise<void> {
  const handle = await open(path, 'w', PRIVATE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
