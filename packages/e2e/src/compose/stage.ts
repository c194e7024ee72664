/**
 * What a stage of the compose test works with, and what stages do alike. Made by main.ts.
 *
 * Whatever a stage starts it registers with `onEnd` first, so that a test that is ended in the middle leaves nothing behind.
 */
import { fetchClusterConfig } from '@shoal/client';
import type { ClusterConfig } from '@shoal/protocol';
import { eventually } from '../harness/eventually.js';
import { type Checks, expect, messageOf } from './checks.js';
import type { Work } from './endpoint-load.js';
import type { NetworkClient } from './network-client.js';
import type { Programs } from './programs.js';
import type { ComposeCommand } from './project.js';

export interface Stage {
  readonly programs: Programs;
  readonly checks: Checks;
  readonly command: ComposeCommand;
  readonly image: string;
  readonly etcdImage: string;
  /** Called with programs that no signal ends, the last first, when the test ends in whatever way. */
  readonly onEnd: (undo: (programs: Programs) => Promise<void>) => void;
}

const AGREEMENT_DEADLINE_MS = 40_000;
const QUIET_REQUESTS = 400;

/** Waits until this endpoint on the host lists so many nodes. */
export async function listed(port: number, nodeCount: number, deadlineMs = AGREEMENT_DEADLINE_MS) {
  let config: ClusterConfig | null = null;
  let last = 'no answer';
  await eventually(
    `${nodeCount} nodes in the list of port ${port}`,
    async () => {
      config = await fetchClusterConfig({ host: '127.0.0.1', port }).catch((error: unknown) => {
        last = messageOf(error);
        return null;
      });
      if (config !== null) last = `${config.nodes.length} nodes`;
      return config?.nodes.length === nodeCount;
    },
    deadlineMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; at the end ${last}`);
  });
  return config as unknown as ClusterConfig;
}

/** Waits until the endpoint and all nodes say the same, with so many nodes whose names mean what the list says. */
export async function agreed(client: NetworkClient, nodeCount: number): Promise<ClusterConfig> {
  const before = client.looks;
  await eventually(
    `${nodeCount} nodes that agree`,
    () =>
      client.looks > before + 1 &&
      client.last?.nodes.length === nodeCount &&
      client.last.version > 0 &&
      client.last.strays.length === 0,
    AGREEMENT_DEADLINE_MS,
  ).catch((error: Error) => {
    const { nodes = [], strays = [] } = client.last ?? {};
    throw new Error(`${error.message}; at the end ${nodes.length} nodes: ${strays.join('; ')}`);
  });
  const { version, nodes } = client.last ?? { version: 0, nodes: [] };
  return { version, nodes };
}

export function namesOf({ nodes }: ClusterConfig): readonly string[] {
  return nodes.map(({ hostname, port }) => `${hostname}:${port}`);
}

/** Each at most once, and in the order in which the other has them. */
export function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let from = 0;
  return part.every((each) => {
    const at = whole.indexOf(each, from);
    from = at + 1;
    return at >= 0;
  });
}

export function rises(versions: readonly number[]): boolean {
  return versions.every((version, i) => i === 0 || version > versions[i - 1]);
}

export function expectNoFailure(who: string, { failed, requests, reasons }: Work): void {
  expect(requests > 0, `${who} asked nothing`);
  expect(failed === 0, `${who}: ${failed} of ${requests} requests failed: ${reasons.join('; ')}`);
}

/** Waits until many requests in a row have not failed. */
export async function quiet(who: string, work: () => Work): Promise<void> {
  let mark = work();
  await eventually(
    `${who} to have its answers again`,
    () => {
      const now = work();
      if (now.failed !== mark.failed) mark = now;
      return now.requests - mark.requests > QUIET_REQUESTS;
    },
    AGREEMENT_DEADLINE_MS,
  );
}
