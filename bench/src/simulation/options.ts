// The flags of `pnpm simulate`: read and checked once, all problems named together.
//
// A cluster is bounded by the protocol: its list has to fit CONFIG_BYTES_MAX, and that is asked of the very code that
// encodes lists. Used by main.ts; everything else of this folder takes the checked options.
import { parseArgs } from 'node:util';
import { CONFIG_BYTES_MAX, clusterConfigProblems } from '@shoal/protocol';
import { type NumberFlag, numberFlag } from '../flags.js';
import { CLIENT_KINDS, type ClientKind } from './client-kinds.js';
import { Network } from './network.js';

export interface SimulationOptions {
  readonly nodes: number;
  readonly clients: number;
  readonly zones: number;
  readonly seed: number;
  readonly pollMs: number;
  /** Of one client in a second, to all nodes together. */
  readonly requestsPerSecond: number;
}

export interface SimulationCommand {
  readonly options: SimulationOptions;
  readonly kinds: readonly ClientKind[];
  readonly isSaved: boolean;
  readonly isJson: boolean;
}

export const SIMULATION_DEFAULTS: SimulationOptions = {
  nodes: 1000,
  clients: 100_000,
  zones: 3,
  seed: 1,
  pollMs: 60_000,
  requestsPerSecond: 10,
};

export const USAGE = `pnpm simulate [flags]: many nodes and many more clients, on Shoal's own ring, plan and polling, in simulated time

  --nodes N      nodes of the cluster (${SIMULATION_DEFAULTS.nodes})
  --clients N    clients that follow it (${SIMULATION_DEFAULTS.clients})
  --zones N      zones that the nodes stand in; the last one goes away (${SIMULATION_DEFAULTS.zones})
  --seed N       the same seed prints the same result (${SIMULATION_DEFAULTS.seed})
  --poll S       seconds between two polls of a client (${SIMULATION_DEFAULTS.pollMs / 1000})
  --requests N   requests of a client a second, which is how it notices dead nodes (${SIMULATION_DEFAULTS.requestsPerSecond})
  --only A,B     kinds of clients: ${CLIENT_KINDS.map(({ id }) => id).join(', ')} (all)
  --json         print JSON instead of text
  --save         write both to bench/results as well
`;

export class SimulationUsageError extends Error {}

/** Throws a SimulationUsageError. Null: the usage was asked for. */
export function readCommand(args: readonly string[]): SimulationCommand | null {
  const values = parsed(args);
  if (values.help === true) return null;
  const problems: string[] = [];
  const { nodes, clients, zones, seed, poll, requests } = values;
  const whole = (flag: NumberFlag): number => {
    const value = numberFlag(flag, problems);
    if (!Number.isInteger(value)) problems.push(`--${flag.name} ${flag.text}: must be a whole number`);
    return value;
  };
  const defaults = SIMULATION_DEFAULTS;
  const options: SimulationOptions = {
    nodes: whole({ name: 'nodes', text: nodes, fallback: defaults.nodes, min: 30, max: 5000 }),
    clients: whole({ name: 'clients', text: clients, fallback: defaults.clients, min: 1, max: 1_000_000 }),
    zones: whole({ name: 'zones', text: zones, fallback: defaults.zones, min: 2, max: 10 }),
    seed: whole({ name: 'seed', text: seed, fallback: defaults.seed, min: 0, max: 0xffff_ffff }),
    pollMs: numberFlag({ name: 'poll', text: poll, fallback: 60, min: 1, max: 110 }, problems) * 1000,
    requestsPerSecond: numberFlag({ name: 'requests', text: requests, fallback: 10, min: 0, max: 100_000 }, problems),
  };
  const kinds = chosenKinds(values.only, problems);
  problems.push(...listProblems(options));
  if (problems.length > 0) throw new SimulationUsageError(problems.join('\n'));
  return { options, kinds, isSaved: values.save === true, isJson: values.json === true };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const given = { type: 'boolean' } as const;
  try {
    const numbers = { nodes: text, clients: text, zones: text, seed: text, poll: text, requests: text };
    const options = { ...numbers, only: text, json: given, save: given, help: given };
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new SimulationUsageError((error as Error).message);
  }
}

function chosenKinds(text: string | undefined, problems: string[]): readonly ClientKind[] {
  if (text === undefined) return CLIENT_KINDS;
  const ids = text.split(',');
  for (const id of ids) {
    if (CLIENT_KINDS.some((kind) => kind.id === id)) continue;
    problems.push(`--only ${id}: must be some of ${CLIENT_KINDS.map((kind) => kind.id).join(', ')}`);
  }
  return CLIENT_KINDS.filter(({ id }) => ids.includes(id));
}

/** The longest list of the story has one node more. */
function listProblems({ nodes, zones }: SimulationOptions): string[] {
  const network = new Network(zones);
  for (let index = 0; index <= nodes; index++) network.add(index % zones, 0);
  const config = { version: 1_000_000, nodes: network.nodes.map(({ address }) => address) };
  if (clusterConfigProblems(config).length === 0) return [];
  return [`--nodes ${nodes}: their list would not fit the ${CONFIG_BYTES_MAX} bytes that the protocol allows`];
}
