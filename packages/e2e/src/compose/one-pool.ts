/**
 * The compose file as most people use it: one pool daemon, and nodes that register themselves, scaled 1 → 5 → 2 while a plain
 * client on the host and a discovering one in the network are at work. Called by main.ts.
 *
 * Planned changes may cost no request; a killed container may, until it is delisted.
 */

import type { CacheCluster } from '@shoal/pool/api-client';
import type { ClusterConfig } from '@shoal/protocol';
import { eventually } from '../harness/eventually.js';
import { freePort } from '../harness/free-port.js';
import { expect } from './checks.js';
import { EndpointLoad } from './endpoint-load.js';
import { NetworkClient } from './network-client.js';
import { ComposeProject, type Container, removeProject } from './project.js';
import { agreed, expectNoFailure, isSubsequence, listed, namesOf, quiet, rises, type Stage } from './stage.js';

const CLUSTER = 'shop';
const DRAIN_SECONDS = 4;
const GRACE_SECONDS = DRAIN_SECONDS + 15;
const MEMORY_MEBIBYTES = 256;
const NODE_THREADS = 1;
/** Ten seconds of silence, and the probes and the write around it. */
const DELISTED_WITHIN_MS = 15_000;
const HEALTHY_WITHIN_MS = 45_000;
const MEBIBYTE = 1_048_576;

export async function onePool(stage: Stage): Promise<void> {
  const run = await OnePool.start(stage);
  await run.checkContainers();
  await run.scale();
  await run.stopOne();
  await run.killOne();
  await run.restartPool();
}

class OnePool {
  readonly #stage: Stage;
  readonly #project: ComposeProject;
  readonly #port: number;
  readonly #load: EndpointLoad;
  readonly #client: NetworkClient;

  private constructor(stage: Stage, project: ComposeProject, port: number, load: EndpointLoad, client: NetworkClient) {
    this.#stage = stage;
    this.#project = project;
    this.#port = port;
    this.#load = load;
    this.#client = client;
  }

  static async start(stage: Stage): Promise<OnePool> {
    const { programs, checks, command, image, onEnd } = stage;
    const port = await freePort();
    const project = new ComposeProject(programs, command, {
      SHOAL_IMAGE: image,
      SHOAL_CLUSTER: CLUSTER,
      SHOAL_PORT: String(port),
      SHOAL_DRAIN_SECONDS: String(DRAIN_SECONDS),
      SHOAL_STOP_GRACE: `${GRACE_SECONDS}s`,
      SHOAL_NODE_MEMORY: `${MEMORY_MEBIBYTES}m`,
      SHOAL_NODE_THREADS: String(NODE_THREADS),
    });
    onEnd((cleaning) => removeProject(cleaning, project.name));
    await checks.must('the project comes up with one node, and the published port answers discovery', async () => {
      await project.up({ node: 1 });
      await listed(port, 1);
    });
    const load = new EndpointLoad(port);
    onEnd(async () => void (await load.end()));
    const name = `${project.name}-client`;
    onEnd(async (cleaning) => void (await cleaning.succeeds('docker', ['rm', '-f', name])));
    const options = { image, network: project.network, name, endpoint: 'pool:11211' };
    return new OnePool(stage, project, port, load, await NetworkClient.start(programs, options));
  }

  async checkContainers(): Promise<void> {
    const { checks } = this.#stage;
    const [[pool], [node]] = await Promise.all([this.#project.containers('pool'), this.#project.containers('node')]);
    await checks.check('pool and node run as a user that is not root', async () => {
      for (const { id, name } of [pool, node]) {
        const user = (await this.#project.docker(['exec', id, 'id', '-u'])).trim();
        expect(Number(user) > 0, `${name} runs as user ${user}`);
      }
    });
    await checks.check('their health checks become healthy', () => this.#untilHealthy());
    await checks.check('a node takes its memory from the limit of its container when -m is not given', async () => {
      const limit = Number(await this.#statistic(node, 'limit_maxbytes'));
      const expected = Math.floor(MEMORY_MEBIBYTES * 0.75) - 75 - 15 * NODE_THREADS;
      expect(limit === expected * MEBIBYTE, `limit_maxbytes is ${limit}, not ${expected} MiB`);
    });
  }

  async #untilHealthy(): Promise<void> {
    let states: readonly string[] = [];
    const look = async (): Promise<boolean> => {
      const services = await Promise.all(['pool', 'node'].map((service) => this.#project.containers(service)));
      states = services.flat().map(({ health }) => health);
      return states.every((state) => state === 'healthy');
    };
    await eventually('all containers to be healthy', look, HEALTHY_WITHIN_MS).catch((error: Error) => {
      throw new Error(`${error.message}: ${states.join(', ')}`);
    });
  }

  async #statistic({ id }: Container, name: string): Promise<string | undefined> {
    const program = `
      const socket = require('node:net').connect(11211, '127.0.0.1', () => socket.write('stats\\r\\nquit\\r\\n'));
      socket.pipe(process.stdout);`;
    const text = await this.#project.docker(['exec', id, 'node', '-e', program]);
    return new RegExp(`^STAT ${name} (\\S+)`, 'm').exec(text)?.[1];
  }

  async scale(): Promise<void> {
    const { checks } = this.#stage;
    const one = await agreed(this.#client, 1);
    let five = one;
    await checks.must(
      'scaled to 5, all nodes and the endpoint have one list of 5 in the order of their ids',
      async () => {
        await this.#project.up({ node: 5 });
        five = await agreed(this.#client, 5);
        await this.#expectOrder(five);
        expect(namesOf(five)[0] === namesOf(one)[0], 'the first node is not the first any more');
      },
    );
    await checks.must('scaled to 2, the nodes that stay keep their order', async () => {
      await this.#project.up({ node: 2 });
      const two = await agreed(this.#client, 2);
      await this.#expectOrder(two);
      expect(isSubsequence(namesOf(two), namesOf(five)), `${namesOf(two)} is not in the order of ${namesOf(five)}`);
    });
    await this.#checkNothingFailed('scaling 1 → 5 → 2 under load');
  }

  /** The pool knows the ids; lists do not show them. */
  async #expectOrder(config: ClusterConfig): Promise<void> {
    const nodes = (await this.#described()).CacheNodes ?? [];
    const ids = nodes.map(({ CacheNodeId }) => CacheNodeId);
    expect(ids.join() === [...ids].sort().join(), `the pool has its nodes in the order ${ids}`);
    const own = nodes.map(({ Endpoint }) => `${Endpoint?.Address}:${Endpoint?.Port}`);
    expect(own.join() === namesOf(config).join(), `the list is ${namesOf(config)}, the pool has ${own}`);
  }

  async #described(): Promise<CacheCluster> {
    const [pool] = await this.#project.containers('pool');
    const describe = ['shoal', 'cluster', 'describe', CLUSTER, '--json', '--data-dir', '/var/lib/shoal'];
    const answer = JSON.parse(await this.#project.docker(['exec', pool.id, ...describe]));
    return answer.CacheCluster ?? answer.CacheClusters?.[0] ?? answer;
  }

  async #checkNothingFailed(what: string): Promise<void> {
    await this.#stage.checks.check(`${what}: 0 failed requests, and versions only rise`, () => {
      expectNoFailure('the plain client on the host', this.#load.work);
      expectNoFailure('the discovering client in the network', this.#client.work);
      expect(rises(this.#client.versions), `versions went ${this.#client.versions}`);
    });
    const [plain, discovering] = [this.#load.work, this.#client.work];
    this.#stage.checks.say(
      `       ${plain.requests} and ${discovering.requests} requests, ${plain.misses} and ${discovering.misses} misses`,
    );
  }

  async stopOne(): Promise<void> {
    const { checks } = this.#stage;
    const [first] = await this.#project.containers('node');
    const before = (await agreed(this.#client, 2)).nodes;
    await checks.check('docker stop of a node lets it drain: it ends with code 0 within its grace', async () => {
      const startedAtMs = performance.now();
      await this.#project.docker(['stop', first.id], { deadlineMs: 2 * GRACE_SECONDS * 1000 });
      const seconds = (performance.now() - startedAtMs) / 1000;
      const stopped = (await this.#project.containers('node')).find(({ id }) => id === first.id);
      expect(stopped?.exitCode === 0, `it ended with code ${stopped?.exitCode} after ${seconds.toFixed(1)} s`);
      expect(seconds >= DRAIN_SECONDS, `it ended after ${seconds.toFixed(1)} s, before its drain was over`);
      await agreed(this.#client, 1);
    });
    await checks.check('started again it is listed again, under its name', async () => {
      await this.#project.docker(['start', first.id]);
      const { nodes } = await agreed(this.#client, 2);
      expect(
        nodes.every(({ hostname }) => before.some((each) => each.hostname === hostname)),
        `the list is ${nodes.map(({ hostname }) => hostname)}`,
      );
    });
    await this.#checkNothingFailed('a node stopped and started under load');
  }

  async killOne(): Promise<void> {
    const { checks } = this.#stage;
    const [first] = await this.#project.containers('node');
    const { version } = await agreed(this.#client, 2);
    await checks.check(`a killed container is delisted within ${DELISTED_WITHIN_MS / 1000} seconds`, async () => {
      const startedAtMs = performance.now();
      await this.#project.docker(['kill', first.id]);
      const left = await listed(this.#port, 1, DELISTED_WITHIN_MS);
      const seconds = (performance.now() - startedAtMs) / 1000;
      expect(left.nodes[0].hostname !== first.hostname, 'another node was delisted');
      expect(left.version > version, `the version went from ${version} to ${left.version}`);
      checks.say(`       after ${seconds.toFixed(1)} s`);
    });
    await checks.check('then both clients have their answers again', async () => {
      await Promise.all([
        quiet('the plain client', () => this.#load.work),
        quiet('the discovering client', () => this.#client.work),
      ]);
    });
    await checks.check('compose up brings the killed one back', async () => {
      await this.#project.up({ node: 2 });
      await agreed(this.#client, 2);
    });
  }

  async restartPool(): Promise<void> {
    const { checks } = this.#stage;
    const before = await agreed(this.#client, 2);
    await this.#load.end();
    const failedBefore = this.#client.work.failed;
    await checks.check('a restart of the pool changes no list, and no discovering client notices', async () => {
      const [pool] = await this.#project.containers('pool');
      await this.#project.docker(['restart', pool.id], { deadlineMs: 60_000 });
      await listed(this.#port, 2);
      const after = await agreed(this.#client, 2);
      expect(JSON.stringify(after) === JSON.stringify(before), `version ${before.version} became ${after.version}`);
    });
    await checks.check('nothing failed meanwhile, and all versions that were ever seen rose', async () => {
      const { failed, reasons } = await this.#client.end();
      expect(failed === failedBefore, `${failed - failedBefore} failed: ${reasons.join('; ')}`);
      expect(rises(this.#client.versions), `versions went ${this.#client.versions}`);
    });
  }
}
