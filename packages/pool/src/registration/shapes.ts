/**
 * The form of what a node says when it registers, is alive, or leaves (and what it hears; packages/server's membership is
 * the other side). Called by listener.ts.
 *
 * Addresses have to pass the rules of the list that clients read, since they will stand in it. Members that are not known
 * are passed over here: nodes and pool need not be of one release while both are being replaced.
 */
import { clusterConfigProblems } from '@shoal/protocol';
import * as z from 'zod';
import { clusterId, nodeId } from '../api/shapes.js';
import { LISTENERS_MAX } from '../limits.js';

const LISTENER_RULE = `must be at most ${LISTENERS_MAX} addresses, each under the port of a listener`;

const instanceId = z
  .string('must be 1 to 64 letters, digits, dots, colons, underscores and hyphens')
  .regex(/^[\w.:-]{1,64}$/);

const address = z
  .object(
    {
      hostname: z.string('must be a name').toLowerCase(),
      ip: z.string('must be an address'),
      port: z.number('must be a port'),
    },
    'must have hostname, ip and port',
  )
  .superRefine((node, context) => {
    const problems = clusterConfigProblems({ version: 1, nodes: [node] });
    if (problems.length > 0) context.addIssue({ code: 'custom', message: `cannot be listed (${problems.join(', ')})` });
  });

export const registerRequest = z.object({
  clusterId,
  instanceId,
  address,
  listenerAddresses: z
    .record(z.string().regex(/^[1-9]\d{0,4}$/, LISTENER_RULE), address, LISTENER_RULE)
    .refine((addresses) => Object.keys(addresses).length <= LISTENERS_MAX, LISTENER_RULE)
    .default({}),
});

/** A heartbeat, and a farewell. */
export const memberRequest = z.object({ clusterId, nodeId, instanceId });
