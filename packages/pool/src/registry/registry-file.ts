/**
 * The file of the embedded registry, `registry.json`: its form, reading, writing and setting it aside.
 *
 *   { "format": "shoal-registry", "formatVersion": 1, "checksum": "sha256:…",
 *     "content": { "revision": 17, "clusters": { id: { revision, cluster } }, "versionFloors": { id: version },
 *                  "leastFloor": version, only where a registry was set aside } }
 *
 * The checksum covers `content` as JSON without spaces. Only embedded.ts and the daemon's --set-aside-registry come here.
 * A file that cannot be read is never touched: whoever runs the pool decides what becomes of it.
 */
import { createHash } from 'node:crypto';
import { link, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { flushFolder, writeDurably } from '../durable-file.js';
import {
  checked,
  checkFormat,
  clusterRecord,
  FORMAT_VERSION,
  FormatError,
  parseJson,
  versionNumber,
} from './record-format.js';
import { RegistryError, RegistryErrorCode } from './registry.js';

const FORMAT = 'shoal-registry';

const revision = z.int().min(0);

const content = z.strictObject({
  revision,
  clusters: z.record(z.string(), z.strictObject({ revision, cluster: clusterRecord })),
  versionFloors: z.record(z.string(), versionNumber),
  /** Below the versions of every cluster, whatever its id. */
  leastFloor: versionNumber.optional(),
});

export type RegistryContent = z.infer<typeof content>;

export const EMPTY_CONTENT: RegistryContent = { revision: 0, clusters: {}, versionFloors: {} };

/** What the file holds, null if there is none. UNREADABLE if it is damaged or from a future release. */
export async function readRegistryFile(path: string): Promise<RegistryContent | null> {
  const text = await textOf(path);
  if (text === null) return null;
  try {
    return parseContent(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const help = 'Nothing was changed. Put a good copy in its place, run the release that wrote it, or start once with';
    throw new RegistryError(
      RegistryErrorCode.UNREADABLE,
      `Cannot read the registry ${path}: ${error.message}. ${help} --set-aside-registry to begin with an empty one`,
      { cause: error },
    );
  }
}

export async function writeRegistryFile(path: string, value: RegistryContent): Promise<void> {
  const whole = { format: FORMAT, formatVersion: FORMAT_VERSION, checksum: checksumOf(value), content: value };
  try {
    await writeDurably(path, `${JSON.stringify(whole, null, 1)}\n`);
  } catch (error) {
    throw unavailable('write', path, error);
  }
}

/**
 * Keeps a registry file that cannot be read as `registry.json.damaged-<time>`, puts an empty registry in its place that
 * remembers a floor under all versions, and answers both. Answers null, and leaves everything as it is, when the file is
 * good or there is none: a daemon that is always started with the flag keeps its registry.
 */
export async function setAsideRegistryFile(
  path: string,
  nowMs: number = Date.now(),
): Promise<{ readonly aside: string; readonly leastFloor: number } | null> {
  try {
    await readRegistryFile(path);
    return null;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== RegistryErrorCode.UNREADABLE) throw error;
  }
  const leastFloor = floorAfter((await textOf(path)) ?? '', nowMs);
  const aside = `${path}.damaged-${new Date(nowMs).toISOString()}`;
  try {
    // A second name first: a daemon that dies in between finds the damaged file again, never none.
    await link(path, aside);
    await flushFolder(dirname(path));
  } catch (error) {
    throw unavailable('set aside', path, error);
  }
  await writeRegistryFile(path, { ...EMPTY_CONTENT, leastFloor });
  return { aside, leastFloor };
}

const FLOOR_EPOCH_MS = Date.UTC(2020, 0);
/** Leaves every cluster a hundred million versions, whatever a clock or a damaged text says. */
const FLOOR_MAX = 2_000_000_000;

/**
 * No version that nodes or clients can still have is above it. Versions count changes of a list, far fewer than one a second,
 * so the seconds since 2020 are past all of them, and past an earlier floor of this kind. Should the clock be wrong, every
 * version that can still be read in the text counts as well.
 */
function floorAfter(text: string, nowMs: number): number {
  const seconds = Math.floor((nowMs - FLOOR_EPOCH_MS) / 1000);
  const known = [...text.matchAll(/"(?:version|leastFloor)":\s*(\d{1,10})\b/g)].map(([, version]) => Number(version));
  const floors = /"versionFloors":\s*\{([^}]*)/.exec(text)?.[1] ?? '';
  for (const [, version] of floors.matchAll(/":\s*(\d{1,10})\b/g)) known.push(Number(version));
  return Math.min(FLOOR_MAX, Math.max(0, seconds, ...known.filter((version) => version <= FLOOR_MAX)));
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unavailable('read', path, error);
  }
}

function parseContent(text: string): RegistryContent {
  const whole = parseJson(text);
  checkFormat(whole, FORMAT);
  if (whole.checksum !== checksumOf(whole.content)) throw new FormatError('its checksum does not match its content');
  const value = checked(content, whole.content);
  for (const [id, { cluster }] of Object.entries(value.clusters)) {
    if (cluster.id !== id) throw new FormatError(`the record of cluster ${id} is that of ${cluster.id}`);
  }
  return value;
}

function checksumOf(value: unknown): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the disk reports an error',
  ENOENT: 'its folder is gone',
};

function unavailable(verb: string, path: string, error: unknown): RegistryError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason = REASONS[code] ?? message;
  return new RegistryError(RegistryErrorCode.UNAVAILABLE, `Cannot ${verb} the registry ${path}: ${reason}`, {
    cause: error,
  });
}
