/**
 * The second profile of the compose file: two pool daemons over one etcd, which answer alike and stand in for each other.
 * Called by main.ts; skipped by name where Debian's package of etcd cannot be had.
 */
import { Client, fetchClusterConfig } from '@shoal/client';
import { eventually } from '../harness/eventually.js';
import { freePort } from '../harness/free-port.js';
import { ROOT } from '../house-rules/source-file.js';
import { BASE_IMAGE } from './base-image.js';
import { expect, messageOf } from './checks.js';
import { ComposeProject, removeProject } from './project.js';
import { listed, type Stage } from './stage.js';

const SERVICES = ['etcd', 'pool-a', 'pool-b', 'etcd-node'];
const BUILD_DEADLINE_MS = 180_000;

export async function etcdPools(stage: Stage): Promise<void> {
  const unbuilt = await buildEtcd(stage);
  if (unbuilt !== null) {
    stage.checks.skip('two pool daemons over etcd answer alike', `the image of etcd cannot be built here: ${unbuilt}`);
    return;
  }
  const { programs, checks, command, image, etcdImage, onEnd } = stage;
  const [a, b] = [await freePort(), await freePort()];
  const project = new ComposeProject(programs, command, {
    ...{ SHOAL_IMAGE: image, SHOAL_ETCD_IMAGE: etcdImage, SHOAL_DRAIN_SECONDS: '2', SHOAL_STOP_GRACE: '17s' },
    ...{ SHOAL_PORT_A: String(a), SHOAL_PORT_B: String(b), SHOAL_NODE_THREADS: '1' },
  });
  onEnd((cleaning) => removeProject(cleaning, project.name));
  await checks.must('two pool daemons over etcd come up, and both list the two nodes', async () => {
    await project.up({ 'etcd-node': 2 }, { profile: 'etcd', services: SERVICES });
    await Promise.all([listed(a, 2), listed(b, 2)]);
  });
  await checks.check('both answer the same list', () => untilAlike(a, b));
  await checks.check('what is set through one is got through the other', () => exchange(a, b));
  await checks.check('without the first, the second goes on: it lists a third node', async () => {
    const [first] = await project.containers('pool-a');
    await project.docker(['stop', first.id]);
    await project.up({ 'etcd-node': 3 }, { profile: 'etcd', services: ['etcd-node'] });
    await listed(b, 3);
  });
  await checks.check('back again, the first answers as the second does', async () => {
    const [first] = await project.containers('pool-a');
    await project.docker(['start', first.id]);
    await listed(a, 3);
    await untilAlike(a, b);
  });
  await removeProject(programs, project.name);
}

/** Why not; null when it is there. With the network of this machine, whose package manager finds its archive. */
async function buildEtcd({ programs, etcdImage }: Stage): Promise<string | null> {
  const build = ['build', '--network', 'host', '--build-arg', `BASE=${BASE_IMAGE}`, '-t', etcdImage, 'deploy/etcd'];
  try {
    await programs.run('docker', build, { folder: ROOT, deadlineMs: BUILD_DEADLINE_MS });
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function untilAlike(a: number, b: number): Promise<void> {
  let texts: string[] = [];
  const look = async (): Promise<boolean> => {
    const configs = [a, b].map((port) => fetchClusterConfig({ host: '127.0.0.1', port }));
    texts = (await Promise.all(configs)).map((config) => JSON.stringify(config));
    return texts[0] === texts[1];
  };
  await eventually('both to answer alike', look).catch((error: Error) => {
    throw new Error(`${error.message}: ${texts.join(' and ')}`);
  });
}

async function exchange(a: number, b: number): Promise<void> {
  // As plain clients: the addresses of the nodes mean something in their network only.
  const [one, other] = [a, b].map((port) => new Client({ nodes: [`127.0.0.1:${port}`] }));
  try {
    for (let i = 0; i < 50; i++) {
      await one.set(`key-${i}`, `value-${i}`);
      const found = await other.get(`key-${i}`);
      expect(found === `value-${i}`, `key-${i} is ${found}`);
    }
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
}
