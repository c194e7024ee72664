// The nodes of a finished story, as the clients meet them while it is played again: who answers, with which list.
//
// Used by fleet.ts and trouble.ts. Nothing here decides anything: happen() takes one line of the script after the other.
import type { CourseOfEvents, Happening, PublishedList } from './course-of-events.js';
import type { NodeState } from './network.js';
import type { SimulationOptions } from './options.js';

export class ReplayedNodes {
  readonly #course: CourseOfEvents;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #states: NodeState[];
  readonly #versions: Int32Array;
  readonly #lost = new Set<number>();
  /** Lost nodes that a version still lists: forgotten when more are lost. */
  readonly #lostIn = new Map<number, number>();
  #shown = 1;
  #serving: number;

  constructor(course: CourseOfEvents, { nodes }: SimulationOptions) {
    this.#course = course;
    this.#indexes = new Map(course.nodes.map(({ hostname }, index) => [hostname, index]));
    this.#states = course.nodes.map(() => 'serving');
    this.#versions = new Int32Array(course.nodes.length).fill(1, 0, nodes);
    this.#serving = nodes;
  }

  /** Null: it is the endpoint. */
  indexOf(host: string): number | null {
    return this.#indexes.get(host) ?? null;
  }

  stateOf(node: number): NodeState {
    return this.#states[node];
  }

  zoneOf(node: number): number {
    return this.#course.nodes[node].zone;
  }

  get servingCount(): number {
    return this.#serving;
  }

  answerOf(node: number | null): PublishedList {
    return this.listOf(node === null ? this.#shown : this.#versions[node]);
  }

  listOf(version: number): PublishedList {
    const list = this.#course.lists.get(version);
    if (list === undefined) throw new Error(`Cannot find version ${version} among the published lists`);
    return list;
  }

  lostIn(version: number): number {
    const known = this.#lostIn.get(version);
    if (known !== undefined) return known;
    const { nodes } = this.listOf(version).config;
    const count = nodes.filter(({ hostname }) => this.#lost.has(this.indexOf(hostname) ?? -1)).length;
    this.#lostIn.set(version, count);
    return count;
  }

  happen(happening: Happening): void {
    switch (happening.kind) {
      case 'told':
        if (this.#versions[happening.node] === 0) this.#serving++;
        this.#versions[happening.node] = happening.version;
        return;
      case 'shown':
        this.#shown = happening.version;
        return;
      case 'lost':
        for (const node of happening.nodes) this.#lost.add(node);
        this.#lostIn.clear();
        this.#end(happening.nodes, happening.isSilent ? 'unreachable' : 'gone');
        return;
      case 'ended':
        this.#end(happening.nodes, 'gone');
        return;
    }
  }

  #end(nodes: readonly number[], state: NodeState): void {
    for (const node of nodes) this.#states[node] = state;
    this.#serving -= nodes.length;
  }
}
