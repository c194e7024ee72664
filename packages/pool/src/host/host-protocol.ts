/**
 * What a daemon and a host say to each other over `host.sock`: lines of JSON, requests with an id and their replies, and
 * events without one. Checked on both sides, because the other end may be of another release.
 *
 *     → {"id":1,"kind":"hello","takesEvents":true}      ← {"id":1,"result":{"protocol":1,"version":"0.1.0",…}}
 *     → {"id":2,"kind":"kill","key":{…}}                ← {"event":{"kind":"exited",…}}   ← {"id":2,"result":null}
 */
import { z } from 'zod';
import type { DriverErrorCode, NodeKey, NodeLaunch, RunningNode } from '../drivers/driver.js';
import { PORT_MAX } from '../limits.js';

/** Raised when either side could misunderstand the other. A host outlives the release of the daemon that started it. */
export const HOST_PROTOCOL = 1;

export const REQUEST_CHARS_MAX = 16_384;
/** A list of every node that one machine could hold. */
export const REPLY_CHARS_MAX = 1_048_576;
const GRACE_MAX_MS = 600_000;

const nodeKey = z.object({
  clusterId: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/),
  nodeId: z.string().regex(/^\d{4}$/),
});

const nodeLaunch = nodeKey.extend({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(PORT_MAX),
  memoryMegabytes: z.int().min(1),
  threads: z.int().min(1),
  secret: z.string().max(64),
});

const graceMs = z.number().min(0).max(GRACE_MAX_MS);
const id = z.int().min(0);

const hostRequest = z.discriminatedUnion('kind', [
  /** The newest connection that takes events gets them, alone. */
  z.object({ id, kind: z.literal('hello'), takesEvents: z.boolean() }),
  z.object({ id, kind: z.literal('start'), launch: nodeLaunch }),
  z.object({ id, kind: z.literal('stop'), key: nodeKey, graceMs }),
  z.object({ id, kind: z.literal('kill'), key: nodeKey }),
  z.object({ id, kind: z.literal('list') }),
  /** Stops every node, answers, and ends the host. */
  z.object({ id, kind: z.literal('shut-down'), graceMs }),
]);
export type HostRequest = z.infer<typeof hostRequest>;
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type HostQuestion = WithoutId<HostRequest>;

export const hostHello = z.object({
  protocol: z.int(),
  version: z.string(),
  pid: z.int().min(2),
  startedAtMs: z.number(),
});
export type HostHello = z.infer<typeof hostHello>;

const runningNode = nodeKey.extend({ handle: z.string(), startedAtMs: z.number() });
export const startedNode: z.ZodType<RunningNode> = runningNode;
export const runningNodes: z.ZodType<readonly RunningNode[]> = z.array(runningNode);

const nodeExit = z.object({ kind: z.literal('exited'), key: nodeKey, reason: z.string() });
/** A node that had served has ended. */
export type NodeExit = z.infer<typeof nodeExit>;

export type HostErrorCode = DriverErrorCode | 'BAD_REQUEST';

const hostMessage = z.union([
  z.object({ id: id.nullable(), error: z.object({ code: z.string(), message: z.string() }) }),
  z.object({ event: nodeExit }),
  z.object({ id, result: z.unknown() }),
]);
export type HostMessage = z.infer<typeof hostMessage>;

export function keyText({ clusterId, nodeId }: NodeKey): string {
  return `${clusterId}/${nodeId}`;
}

/** The request, or what is wrong with the line. Whatever id can be found goes into the answer. */
export function parseRequest(line: string): HostRequest | { readonly id: number | null; readonly problem: string } {
  const value = parseJson(line);
  if (value === undefined) return { id: null, problem: 'not a line of JSON' };
  const parsed = hostRequest.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = z.object({ id }).safeParse(value);
  const [issue] = parsed.error.issues;
  const problem = `${issue.path.join('.') || 'the request'}: ${issue.message}`;
  return { id: found.success ? found.data.id : null, problem };
}

/** Null for what is no message of this protocol. */
export function parseMessage(line: string): HostMessage | null {
  const parsed = hostMessage.safeParse(parseJson(line));
  return parsed.success ? parsed.data : null;
}

/** What a launch says is checked by parseRequest; this is for the IPC channel between host and node. */
export function parseLaunch(value: unknown): NodeLaunch {
  return nodeLaunch.parse(value);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
