// A whole simulation: the pool's half once, then every kind of client against it, and the ring.
//
// The door for programs; main.ts is the one for people. What it answers depends on its arguments alone. Takes a minute or two
// and 300 MiB with 1,000 nodes, 100,000 clients and all five kinds.
import type { ClientKind } from './client-kinds.js';
import { runControlPlane } from './control-plane.js';
import type { ChangeReport, CourseOfEvents } from './course-of-events.js';
import { type FleetReport, runFleet } from './fleet.js';
import type { SimulationOptions } from './options.js';
import { type RingChange, type RingReport, reportRing } from './ring-report.js';

export interface SimulationReport {
  readonly options: SimulationOptions;
  /** Of an answer to `config get cluster`. */
  readonly answerBytes: number;
  readonly ring: RingReport;
  readonly changes: readonly ChangeReport[];
  readonly probes: number;
  readonly fleets: readonly FleetReport[];
}

export interface SimulateParts {
  readonly options: SimulationOptions;
  readonly kinds: readonly ClientKind[];
  /** Told which part begins. */
  readonly say: (line: string) => void;
}

export async function simulate({ options, kinds, say }: SimulateParts): Promise<SimulationReport> {
  say(`the pool and ${options.nodes} nodes`);
  const course = await runControlPlane(options);
  say('the ring');
  const ring = ringOf(course);
  const fleets = kinds.map((kind) => {
    say(`${options.clients} clients: ${kind.title}`);
    return runFleet(kind, options, course);
  });
  const { changes, probes } = course;
  return { options, answerBytes: course.lists.get(1)?.answerBytes ?? 0, ring, changes, probes, fleets };
}

function ringOf({ lists, changes }: CourseOfEvents): RingReport {
  const nodesOf = (version: number) => lists.get(version)?.config.nodes ?? [];
  const moves = changes.map(({ name, firstVersion, lastVersion }): RingChange => {
    return { name, before: nodesOf(firstVersion - 1), after: nodesOf(lastVersion) };
  });
  return reportRing(nodesOf(1), moves);
}
