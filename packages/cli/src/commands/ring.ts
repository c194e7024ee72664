/**
 * `shoal ring KEY…`: which node of a list owns a key, as each client library hashes it. Where the rows differ, programs
 * with these libraries do not find each other's keys, unless they go through an endpoint that routes.
 */
import { isIP } from 'node:net';
import { DiscoveryError, fetchClusterConfig } from '@shoal/client';
import type { ClusterNode } from '@shoal/protocol';
import { readAddress } from '../address.js';
import { type Command, withSeveral } from '../command.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { type Hashing, nodeName } from '../rings/hashing.js';
import { HASHINGS } from '../rings/hashings.js';
import { hint } from '../suggestion.js';
import { properties, table } from '../table.js';

interface RingFlags {
  keys: string[];
  endpoint: string | undefined;
  nodes: string | undefined;
  library: string[] | undefined;
  json: boolean;
}

const DEFAULT_ENDPOINT = '127.0.0.1:11211';
const DISCOVERY_TIMEOUT_MS = 5000;
const KEY_BYTES_MAX = 250;
const LIBRARIES = HASHINGS.map(({ library }) => library);
const COLUMN_GAP = 2;

export const RING_COMMAND: Command<RingFlags> = {
  command: 'ring <keys..>',
  describe: 'Which node owns a key, as each client library hashes it',
  builder: (parser) =>
    withSeveral(parser)
      .positional('keys', { type: 'string', array: true, demandOption: true, describe: 'One key or more' })
      .option('endpoint', { type: 'string', describe: `Whose nodes: host:port, ${DEFAULT_ENDPOINT} unless given` })
      .option('nodes', {
        type: 'string',
        describe: 'These nodes instead: host:port,host:port in the order of the list',
      })
      .option('library', { type: 'string', array: true, nargs: 1, describe: `Only this one: ${LIBRARIES.join(', ')}` })
      .option('json', { type: 'boolean', default: false, describe: 'For programs' }),
  handler: async (context, { keys, endpoint, nodes, library, json }) => {
    const words = keys.map(String);
    checkKeys(words);
    const hashings = chooseHashings(library);
    if (endpoint !== undefined && nodes !== undefined) {
      throw new CommandError('BAD_OPTIONS', ['--endpoint and --nodes: give one of them']);
    }
    const list = nodes === undefined ? await discover(endpoint ?? DEFAULT_ENDPOINT) : readNodes(nodes);
    const owners = hashings.map((hashing) => ownersOf(hashing, list, words));
    context.write(json ? describeForPrograms(owners, list) : describe(owners, words, context.columns));
    if (!json && library === undefined) context.write(`\n${legend(hashings)}`);
    return ExitCode.OK;
  },
};

interface Owners {
  readonly library: string;
  /** By key; null where the library hashes something that the list does not tell. */
  readonly owners: ReadonlyMap<string, string | null>;
}

function ownersOf({ library, place }: Hashing, nodes: readonly ClusterNode[], keys: readonly string[]): Owners {
  const placement = place(nodes);
  const nameOf = (key: string): string | null => (placement === null ? null : nodeName(nodes[placement(key)]));
  return { library, owners: new Map(keys.map((key) => [key, nameOf(key)])) };
}

function checkKeys(keys: readonly string[]): void {
  const bad = keys.filter((key) => !isKey(key));
  if (bad.length === 0) return;
  const reason = `a key has 1 to ${KEY_BYTES_MAX} bytes and no blanks or control characters`;
  throw new CommandError(
    'BAD_OPTIONS',
    bad.map((key) => `"${key}": ${reason}`),
  );
}

function isKey(text: string): boolean {
  const bytes = Buffer.from(text);
  return bytes.length >= 1 && bytes.length <= KEY_BYTES_MAX && bytes.every((byte) => byte > 0x20 && byte !== 0x7f);
}

function chooseHashings(libraries: readonly string[] | undefined): readonly Hashing[] {
  if (libraries === undefined) return HASHINGS;
  const unknown = libraries.filter((library) => !LIBRARIES.includes(library));
  if (unknown.length === 0) return HASHINGS.filter(({ library }) => libraries.includes(library));
  const known = `known: ${LIBRARIES.join(', ')}`;
  const problems = unknown.map((library) => `--library: "${library}" is none that is known${hint(library, LIBRARIES)}`);
  throw new CommandError('BAD_OPTIONS', [...problems, known]);
}

async function discover(endpoint: string): Promise<readonly ClusterNode[]> {
  const address = readAddress(endpoint, '--endpoint');
  try {
    return (await fetchClusterConfig(address, { timeoutMs: DISCOVERY_TIMEOUT_MS })).nodes;
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw new CommandError('UNREACHABLE', [error.message]);
  }
}

function readNodes(text: string): readonly ClusterNode[] {
  const nodes = text.split(',').map((word) => {
    const { host, port } = readAddress(word, '--nodes');
    return { hostname: host.toLowerCase(), ip: isIP(host) === 0 ? '' : host, port };
  });
  const names = nodes.map(nodeName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new CommandError('BAD_OPTIONS', [`--nodes: ${twice} is given twice`]);
  return nodes;
}

function describeForPrograms(libraries: readonly Owners[], nodes: readonly ClusterNode[]): string {
  const owners = Object.fromEntries(libraries.map(({ library, owners }) => [library, Object.fromEntries(owners)]));
  return `${JSON.stringify({ nodes: nodes.map(nodeName), owners }, null, 2)}\n`;
}

/** A row a library and a column a key; as many tables below each other as the width asks for. */
function describe(libraries: readonly Owners[], keys: readonly string[], columns: number): string {
  const cell = ({ owners }: Owners, key: string): string => owners.get(key) ?? '-';
  const widthOf = (key: string): number => Math.max(key.length, ...libraries.map((owners) => cell(owners, key).length));
  const first = Math.max('LIBRARY'.length, ...libraries.map(({ library }) => library.length));
  const tables = linesOf(keys, widthOf, columns - first).map((some) =>
    table(
      ['LIBRARY', ...some],
      libraries.map((owners) => [owners.library, ...some.map((key) => cell(owners, key))]),
    ),
  );
  return tables.join('\n');
}

/** The keys, parted so that the columns of each part fit; a part has one key at least. */
function linesOf(keys: readonly string[], widthOf: (key: string) => number, columns: number): string[][] {
  const parts: string[][] = [];
  let left = 0;
  for (const key of new Set(keys)) {
    const width = widthOf(key) + COLUMN_GAP;
    if (parts.length === 0 || width > left) {
      parts.push([]);
      left = columns;
    }
    parts[parts.length - 1].push(key);
    left -= width;
  }
  return parts;
}

function legend(hashings: readonly Hashing[]): string {
  return properties(hashings.map(({ library, describe }) => [library, describe]));
}
