/**
 * `host.pid`: which process is the host of a data directory. There is never more than one.
 *
 * Taken by main.ts before anything else, and looked at again from time to time. The file appears whole and only where none
 * was (a hard link is atomic). That of a dead process is moved aside first, and moved back if in between somebody else had
 * replaced it; who then finds another name in the file gives way.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identityOf, isAlive, isIdentity, type ProcessIdentity } from './process-identity.js';

/** With which a host ends that finds another in its place: EX_TEMPFAIL of sysexits.h, ask that one. */
export const EXIT_TAKEN = 75;
const OWNER_ONLY = 0o600;
const ATTEMPTS_MAX = 5;

/** Takes the lock for this process, or answers who has it. */
export function takeHostLock(path: string): ProcessIdentity | null {
  const own = `${JSON.stringify(identityOf(process.pid))}\n`;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, own, { mode: OWNER_ONLY });
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (linked(draft, path)) return null;
      const text = textOf(path);
      const owner = parseOwner(text);
      if (owner !== null && isAlive(owner)) return owner;
      if (text !== null) setAside(path, text);
    }
    throw new Error(`Cannot take ${path}: others take it again and again`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The host that the file names; null when it has ended, or there is none. */
export function lockOwner(path: string): ProcessIdentity | null {
  const owner = parseOwner(textOf(path));
  return owner !== null && isAlive(owner) ? owner : null;
}

export function ownsHostLock(path: string): boolean {
  return parseOwner(textOf(path))?.pid === process.pid;
}

export function releaseHostLock(path: string): void {
  if (ownsHostLock(path)) rmSync(path, { force: true });
}

function setAside(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    // Somebody else has moved it.
    return;
  }
  // Not what was judged: it belongs to a host that has just started.
  if (textOf(aside) !== stale) linked(aside, path);
  rmSync(aside, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function parseOwner(text: string | null): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isIdentity(value) ? value : null;
  } catch {
    return null;
  }
}
