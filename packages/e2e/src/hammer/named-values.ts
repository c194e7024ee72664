/**
 * Values that say whose they are: any of them can be told to belong to its key, to be whole, and to be no mixture of two.
 * Used by the pipelines hammer, whose clients all write the same keys.
 *
 * A value is made of its key and a version below VERSIONS alone: a head that names both, then bytes that repeat the version.
 */
export const VERSIONS = 64;
const SIZES = [0, 3, 17, 100, 100, 100, 300, 700, 2_500, 6_000] as const;
/** Of one version: more than one chunk of the arena, so that it is streamed. */
const LARGE_BYTES = 700_000;
const LARGE_VERSION = VERSIONS - 1;

export interface NamedValue {
  readonly flags: number;
  readonly bytes: Buffer;
}

export function namedValue(key: string, version: number): NamedValue {
  const head = `${key}=${version};`;
  const padding = version === LARGE_VERSION ? LARGE_BYTES : SIZES[version % SIZES.length];
  const bytes = Buffer.alloc(head.length + padding, 65 + (version % 26));
  bytes.write(head, 'latin1');
  return { flags: key.length * 1000 + version, bytes };
}

/** What is wrong with a value that came for `key`, or null. */
export function complaintAbout(key: string, flags: number, bytes: Buffer): string | null {
  const head = /^([^=]*)=(\d+);/.exec(bytes.toString('latin1', 0, 100));
  if (head === null) return `a value without a head, ${describeBytes(bytes)}`;
  if (head[1] !== key) return `the value of ${head[1]}`;
  const wanted = namedValue(key, Number(head[2]));
  if (wanted.flags !== flags) return `flags ${flags} with a value that has ${wanted.flags}`;
  return wanted.bytes.equals(bytes) ? null : `a value that is no whole one, ${describeBytes(bytes)}`;
}

function describeBytes(bytes: Buffer): string {
  return `${bytes.length} bytes: ${JSON.stringify(bytes.toString('latin1', 0, 80))}`;
}
