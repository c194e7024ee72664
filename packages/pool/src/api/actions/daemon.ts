/**
 * The actions on the daemon itself, Shoal's own: what it is and how it fares, and stop.
 *
 * ElastiCache has nothing like them; its HTTP form will not offer them, since they concern one daemon and not the clusters.
 */
import type { DescribePoolResult, StopPoolResult } from '../results.js';
import { describePoolRequest, stopPoolRequest } from '../shapes.js';
import { action } from './action.js';

const describePool = action(
  'DescribePool',
  describePoolRequest,
  async (_, { control }): Promise<DescribePoolResult> => ({ Pool: await control.describe() }),
);

const stopPool = action('StopPool', stopPoolRequest, async (request, { control }): Promise<StopPoolResult> => {
  control.stop({ stopNodes: request.StopNodes ?? null });
  return {};
});

export const DAEMON_ACTIONS = [describePool, stopPool];
