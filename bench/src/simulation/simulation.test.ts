import { beforeAll, describe, expect, test } from '@jest/globals';
import { Chance } from './chance.js';
import { CLIENT_KINDS } from './client-kinds.js';
import { EventQueue } from './event-queue.js';
import { readCommand, SIMULATION_DEFAULTS, type SimulationOptions, SimulationUsageError } from './options.js';
import { reportText } from './report-text.js';
import { type SimulationReport, simulate } from './simulate.js';
import { ChangeName } from './story.js';

const SMALL: SimulationOptions = { ...SIMULATION_DEFAULTS, nodes: 40, clients: 600, seed: 7 };

/** Three of these take most of the time of this file: half a minute on a machine that does other things. */
const TIMEOUT_MS = 120_000;

function run(options: SimulationOptions): Promise<SimulationReport> {
  return simulate({ options, kinds: CLIENT_KINDS, say: () => {} });
}

describe('a simulation of 40 nodes and 600 clients', () => {
  let report: SimulationReport;

  beforeAll(async () => {
    report = await run(SMALL);
  }, TIMEOUT_MS);

  const fleet = (id: string) => report.fleets.find(({ kind }) => kind === id)!;
  const period = (id: string, name: string) => fleet(id).periods.find((each) => each.name === name)!.load;
  const change = (name: string) => report.changes.find((each) => each.name === name)!;

  test(
    'prints the same for the same seed, and something else for another',
    async () => {
      expect(reportText(await run(SMALL))).toBe(reportText(report));
      const other = { ...SMALL, seed: 8 };
      expect(reportText({ ...(await run(other)), options: SMALL })).not.toBe(reportText(report));
    },
    TIMEOUT_MS,
  );

  test('is asked once an interval by each client, evenly', () => {
    const everyDay = period('shoal', 'every day');
    expect(everyDay.questionsMean).toBeCloseTo(SMALL.clients / 60, 0);
    expect(everyDay.nodeQuestionsMean).toBeCloseTo(everyDay.questionsMean / SMALL.nodes, 2);
    expect(everyDay.endpointQuestionsMean).toBe(0);
    const { endpointQuestionsMean, nodeQuestionsMean } = period('endpoint', 'every day');
    // A fleet that keeps step asks two or three times in this period, each client alike.
    expect([2, 3].map((polls) => (polls * SMALL.clients) / 130)).toContain(endpointQuestionsMean);
    expect(nodeQuestionsMean).toBe(0);
  });

  test('every client learns every change, within an interval and its jitter of its publication', () => {
    for (const { learned } of report.fleets) expect(learned.map(({ missing }) => missing)).toEqual([0, 0, 0, 0, 0]);
    const added = fleet('shoal').learned.find(({ name }) => name === ChangeName.ADDED)!;
    expect(added.lastMs).toBeLessThan(change(ChangeName.ADDED).lastAfterMs + 66_100);
    expect(added.p50Ms).toBeGreaterThan(20_000);
  });

  test('clients that notice dead nodes learn of a lost zone sooner than those that only poll', () => {
    const p50 = (id: string) => fleet(id).learned.find(({ name }) => name === ChangeName.ZONE_LOST)!.p50Ms;
    expect(p50('shoal')).toBeLessThan(p50('shoal-idle') / 1.5);
  });

  test('the pool delists a lost zone within 20 seconds by a few changes, and lists its replacement by a few', () => {
    const lost = change(ChangeName.ZONE_LOST);
    expect(lost.nodesListed).toBeLessThan(25);
    expect(lost.lastAfterMs).toBeLessThan(20_000);
    expect(lost.lastVersion - lost.firstVersion).toBeLessThan(6);
    const replaced = change(ChangeName.ZONE_REPLACED);
    expect(replaced.nodesListed).toBe(SMALL.nodes + 1 - 10 - 1);
    expect(replaced.lastVersion - replaced.firstVersion).toBeLessThan(6);
  });

  test('a change moves what it has to, between 39 and 41 nodes', () => {
    const { moved, ideal, movedInVain } = report.ring.moves[0];
    expect(moved / ideal).toBeGreaterThan(0.65);
    expect(moved / ideal).toBeLessThan(1.35);
    expect(movedInVain).toBe(0);
  });
});

describe('the flags', () => {
  test('have defaults, and are read', () => {
    expect(readCommand([])?.options).toEqual(SIMULATION_DEFAULTS);
    const command = readCommand(['--nodes', '50', '--poll', '30', '--only', 'nodes,shoal', '--json']);
    expect(command).toMatchObject({ options: { nodes: 50, pollMs: 30_000 }, isJson: true, isSaved: false });
    expect(command?.kinds.map(({ id }) => id)).toEqual(['shoal', 'nodes']);
    expect(readCommand(['--help'])).toBeNull();
  });

  test('all that cannot be is named at once', () => {
    const read = () => readCommand(['--nodes', '7', '--clients', '1.5', '--zones', 'x', '--only', 'all']);
    expect(read).toThrow(SimulationUsageError);
    expect(read).toThrow(
      [
        '--nodes 7: must be a number from 30 to 5000',
        '--clients 1.5: must be a whole number',
        '--zones x: must be a number from 2 to 10',
        '--only all: must be some of shoal, shoal-idle, eager, nodes, endpoint',
      ].join('\n'),
    );
    expect(() => readCommand(['--node', '7'])).toThrow(SimulationUsageError);
  });

  test('a list that the protocol cannot carry is refused', () => {
    expect(() => readCommand(['--nodes', '2000'])).toThrow('would not fit the 65536 bytes');
  });
});

describe('the event queue', () => {
  test('gives events by time, and those of one time in the order they came', () => {
    const queue = new EventQueue();
    const chance = new Chance(1);
    const added = Array.from({ length: 5000 }, (_, subject) => ({ timeMs: chance.below(500), subject }));
    for (const { timeMs, subject } of added) queue.add(timeMs, 1, subject);
    const taken: { timeMs: number; subject: number }[] = [];
    while (queue.take()) taken.push({ timeMs: queue.timeMs, subject: queue.subject });
    expect(taken).toEqual(added.sort((a, b) => a.timeMs - b.timeMs || a.subject - b.subject));
    expect([queue.size, queue.nextTimeMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  });
});
