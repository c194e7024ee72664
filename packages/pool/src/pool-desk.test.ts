/** What the desk refuses because this machine cannot give it; what is bad about a request itself: cluster-changes.test.ts. */
import { expect, test } from '@jest/globals';
import { PoolErrorCode } from './api/errors.js';
import { SimulatedPool } from './testing/simulated-pool.js';

const DEV = { id: 'dev', nodeCount: 2, port: 11_211 };

async function poolBesideStranger(port: number): Promise<SimulatedPool> {
  const sim = await new SimulatedPool().start();
  sim.nodes.strangers.add(port);
  return sim;
}

test.each([
  ['the endpoint', 11_211],
  ['a node that was named', 12_002],
])('a stranger on the port of %s is a refusal, and nothing is made', async (_, port) => {
  const sim = await poolBesideStranger(port);
  await expect(sim.requests.createCluster({ ...DEV, nodePorts: [12_001, 12_002] })).rejects.toMatchObject({
    code: PoolErrorCode.INSUFFICIENT_CAPACITY,
    message: `Cannot create cluster dev: port ${port} is in use`,
  });
  expect(await sim.requests.describeAll()).toEqual([]);
});

test.each([
  ['that was named for later', 12_003],
  ['that was not named', 11_212],
])('a stranger on a port %s is no matter', async (_, port) => {
  const sim = await poolBesideStranger(port);
  const { nodes } = await sim.requests.createCluster({ ...DEV, nodePorts: [12_001, 12_002, 12_003] });
  expect(nodes.map(({ address }) => address.port)).toEqual([12_001, 12_002]);
});
