/**
 * Real nodes inside the test process, and a list of them that every one of them answers with.
 *
 * For the tests of this folder. Publishes with `config set cluster`, to the nodes that leave as well, as the pool does. All
 * nodes that were ever started are closed by `stop`.
 */
import { encodeClusterConfig } from '@shoal/protocol';
import { type RunningServer, startServer } from '@shoal/server';
import { Conversation } from '../harness/conversation.js';

export class NodeFleet {
  readonly #running = new Set<RunningServer>();
  #version = 0;

  async start(count: number): Promise<RunningServer[]> {
    const started = Array.from({ length: count }, () => startServer({ port: 0, threads: 1 }));
    const nodes = await Promise.all(started);
    for (const node of nodes) this.#running.add(node);
    return nodes;
  }

  /** The next version: these nodes, told to all that run. */
  async publish(nodes: readonly RunningServer[]): Promise<number> {
    const list = nodes.map(({ port }) => ({ hostname: 'localhost', ip: '127.0.0.1', port }));
    this.#version++;
    const payload = Buffer.from(encodeClusterConfig({ version: this.#version, nodes: list })).toString();
    for (const { port } of this.#running) {
      const node = await Conversation.open({ host: '127.0.0.1', port });
      await node.askUntil(`config set cluster 0 ${payload.length}\r\n${payload}\r\n`, 'STORED\r\n');
      node.destroy();
    }
    return this.#version;
  }

  async close(node: RunningServer): Promise<void> {
    this.#running.delete(node);
    await node.destroy();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((node) => this.close(node)));
  }
}
