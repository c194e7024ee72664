import { describe, expect, test } from '@jest/globals';
import { failedAgain, NO_FAILURES } from './backoff.js';
import { REPLACEMENT_ASKED } from './cluster-changes.js';
import type { NodeHealth } from './health.js';
import type { ClusterRecord } from './model.js';
import { plan, TOGETHER_MS } from './plan.js';
import { DEAD_AFTER_MS, SUSPECT_AFTER_MS } from './plan-registered.js';
import type { ObservedNode, PlannedAction } from './plan-terms.js';
import { clusterRecord, NOW_MS, nodeRecord } from './testing/records.js';

const HEALTHY: NodeHealth = { state: 'healthy', failures: 0, reason: null, configVersion: 7, lastAnswerAtMs: NOW_MS };
const UNKNOWN: NodeHealth = { ...HEALTHY, state: 'unknown', configVersion: null, lastAnswerAtMs: null };
const FAILING: NodeHealth = {
  ...HEALTHY,
  state: 'failing',
  failures: 3,
  reason: 'no answer',
  lastAnswerAtMs: NOW_MS - 3000,
};

function seen(changes: Partial<ObservedNode> = {}): ObservedNode {
  return {
    running: { clusterId: 'dev', nodeId: '0001', handle: 'pid 1', startedAtMs: NOW_MS - 3_600_000 },
    runsSinceMs: NOW_MS - 3_600_000,
    busy: false,
    health: HEALTHY,
    configVersion: 7,
    restarted: false,
    portRefused: false,
    heardAtMs: NOW_MS - 3_600_000,
    suspectedSinceMs: null,
    ...changes,
  };
}

const MOVED = {
  ...{ clusterId: 'dev', nodeId: '0001', handle: 'container 1', startedAtMs: NOW_MS },
  place: { hostname: 'box-1', ip: '10.0.0.2' },
};
const GONE = seen({ running: null, health: UNKNOWN, configVersion: null });

function planned(
  cluster: ClusterRecord,
  nodes: readonly ObservedNode[],
  { driverReady = true, strays = [] as string[], portsTaken = [] as number[] } = {},
): readonly PlannedAction[] {
  const observed = new Map(cluster.nodes.map(({ id }, i) => [id, nodes[i] ?? seen()]));
  return plan(cluster, { driverReady, strays, portsTaken: new Set(portsTaken), nodes: observed }, NOW_MS);
}

/** Short enough for a table: what is done, to whom, and what a saved record says. */
function told(actions: readonly PlannedAction[]): readonly string[] {
  return actions.map(sentence);
}

function sentence(action: PlannedAction): string {
  switch (action.kind) {
    case 'save':
      return `save v${action.cluster.version} ${action.cluster.nodes.map(({ id, phase }) => `${id} ${phase}`).join(' ')}`;
    case 'start':
      return `start ${action.node.id}:${action.node.address.port}`;
    case 'stop':
      return `stop ${action.nodeId}`;
    case 'kill':
      return `kill ${action.nodeId}: ${action.failure}`;
    case 'push':
      return `push ${action.nodeIds.join(' ')}`;
    case 'wait':
      return `wait ${action.untilMs - NOW_MS}`;
    case 'forget':
      return 'forget';
  }
}

const FRESH = { phase: 'creating', createdAtMs: NOW_MS - 1000 } as const;
const failedOnce = failedAgain(NO_FAILURES, 'it ended', NOW_MS);
const failedTwice = failedAgain(failedOnce, 'it ended', NOW_MS);
const failedLongAgo = failedAgain(NO_FAILURES, 'it ended', NOW_MS - 60_000);

test('a node that moved keeps its port, and takes name and address from its driver', () => {
  const [action] = planned(clusterRecord([nodeRecord('0001')]), [seen({ running: MOVED })]);
  expect(action).toMatchObject({
    kind: 'save',
    cluster: { version: 8, nodes: [{ address: { hostname: 'box-1', ip: '10.0.0.2', port: 11212 } }] },
  });
});

describe('plan', () => {
  const settled = clusterRecord([nodeRecord('0001'), nodeRecord('0002')]);
  test.each<[string, ClusterRecord, readonly ObservedNode[], readonly string[]]>([
    ['does nothing to a cluster that is as desired', settled, [], []],
    [
      'starts a new node',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', FRESH)]),
      [seen(), GONE],
      ['start 0002:11213'],
    ],
    [
      'does not list a node before it serves',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', FRESH)]),
      [seen(), seen({ health: UNKNOWN, configVersion: 0 })],
      [],
    ],
    [
      'lists a node that serves with the next version, and pushes nothing before that is saved',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', FRESH)]),
      [seen(), seen({ configVersion: 0 })],
      ['save v8 0001 available 0002 available'],
    ],
    [
      'waits a little for another new node, to list both at once',
      clusterRecord([nodeRecord('0001', FRESH), nodeRecord('0002', FRESH)]),
      [seen(), GONE],
      ['start 0002:11213', `wait ${TOGETHER_MS - 1000}`],
    ],
    [
      'does not wait for a new node that has failed',
      clusterRecord([nodeRecord('0001', FRESH), nodeRecord('0002', { ...FRESH, failures: failedTwice })]),
      [seen({ configVersion: 0 }), GONE],
      ['save v8 0001 available 0002 creating', 'wait 500'],
    ],
    [
      'pushes a saved version to every node that is known to have an older one, leaving ones too',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS + 500 })]),
      [seen({ configVersion: 6 }), seen({ configVersion: 0 })],
      ['push 0001 0002', 'wait 500'],
    ],
    ['waits for an answer of a node of which nothing is known', settled, [seen({ configVersion: null })], ['wait 500']],
    [
      'goes past a version that a node has and the registry lost',
      settled,
      [seen({ configVersion: 12 })],
      ['save v13 0001 available 0002 available'],
    ],
    ['starts a node that is gone again under its address', settled, [GONE], ['start 0001:11212']],
    [
      'waits out the backoff of a node that fails again and again',
      clusterRecord([nodeRecord('0001', { failures: failedTwice })]),
      [GONE],
      ['wait 500'],
    ],
    [
      'writes down where a listed node went, as another version, before anything else is done to it',
      settled,
      [seen({ running: MOVED, health: FAILING }), seen({ configVersion: 3 })],
      ['save v8 0001 available 0002 available', 'push 0002'],
    ],
    [
      'writes down where a new node is before it lists it',
      clusterRecord([nodeRecord('0001', FRESH)], { completed: false }),
      [seen({ running: MOVED, health: UNKNOWN, configVersion: 0 })],
      ['save v7 0001 creating'],
    ],
    [
      'takes a place for known that the record has',
      clusterRecord([nodeRecord('0001', { address: { hostname: 'box-1', ip: '10.0.0.2', port: 11212 } })]),
      [seen({ running: MOVED })],
      [],
    ],
    ['starts nothing that is being acted on', settled, [{ ...GONE, busy: true }], []],
    ['kills a node that does not answer', settled, [seen({ health: FAILING })], ['kill 0001: no answer']],
    [
      'forgives a node that has served for a while',
      clusterRecord([nodeRecord('0001', { failures: failedLongAgo })]),
      [],
      ['save v7 0001 available'],
    ],
    ['forgives nothing yet', clusterRecord([nodeRecord('0001', { failures: failedOnce })]), [], ['wait 10000']],
    [
      'stops a node when its drain is over, after writing that down',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS })]),
      [],
      ['save v7 0001 available 0002 stopping'],
    ],
    [
      'starts at once what another clock would have wait for longer than anybody waits',
      clusterRecord([nodeRecord('0001', { failures: { ...failedTwice, retryAtMs: NOW_MS + 3_600_000 } })]),
      [GONE],
      ['start 0001:11212'],
    ],
    [
      'forgives a failure of another clock when the node has run for a while by its own',
      clusterRecord([nodeRecord('0001', { failures: { ...failedOnce, lastAtMs: NOW_MS + 3_600_000 } })]),
      [],
      ['save v7 0001 available'],
    ],
    [
      'does not forgive a node that runs only since now',
      clusterRecord([nodeRecord('0001', { failures: failedLongAgo })]),
      [seen({ runsSinceMs: NOW_MS - 1000 })],
      ['wait 9000'],
    ],
    [
      'lists what serves without waiting for a node that seems to come from the future',
      clusterRecord([
        nodeRecord('0001', { ...FRESH, createdAtMs: NOW_MS + 3_600_000 }),
        nodeRecord('0002', { ...FRESH, createdAtMs: NOW_MS + 3_600_000 }),
      ]),
      [seen({ configVersion: 0 }), GONE],
      ['start 0002:11213', 'save v8 0001 available 0002 creating'],
    ],
    [
      'lets nobody drain for longer than the drain takes, though another clock said so',
      clusterRecord([
        nodeRecord('0001'),
        nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS + 3_600_000 }),
      ]),
      [],
      ['save v7 0001 available 0002 draining'],
    ],
    [
      'stops a node that is to stop, and forgets it only when it is gone',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'stopping' })]),
      [],
      ['stop 0002'],
    ],
    [
      'forgets a node that has stopped',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'stopping' })]),
      [seen(), GONE],
      ['save v7 0001 available'],
    ],
    [
      'does not start a node again that ends while it drains',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS + 9000 })]),
      [seen(), GONE],
      ['save v7 0001 available 0002 stopping'],
    ],
    [
      'reboots the first of several nodes',
      clusterRecord([nodeRecord('0001', { phase: 'rebooting' }), nodeRecord('0002', { phase: 'rebooting' })]),
      [],
      ['stop 0001'],
    ],
    [
      'reboots the next only when the one before serves again',
      clusterRecord([nodeRecord('0001', { phase: 'rebooting' }), nodeRecord('0002', { phase: 'rebooting' })]),
      [seen({ restarted: true, health: UNKNOWN }), seen()],
      [],
    ],
    [
      'ends a reboot when the node serves again',
      clusterRecord([nodeRecord('0001', { phase: 'rebooting' }), nodeRecord('0002', { phase: 'rebooting' })]),
      [seen({ restarted: true }), seen()],
      ['stop 0002', 'save v7 0001 available 0002 rebooting'],
    ],
    [
      'reboots nothing while another node is away',
      clusterRecord([nodeRecord('0001', { phase: 'rebooting' }), nodeRecord('0002')]),
      [seen(), GONE],
      ['start 0002:11213'],
    ],
    [
      'kills a node at once whose replacement was asked for',
      clusterRecord([
        nodeRecord('0001'),
        nodeRecord('0002', { phase: 'rebooting', failures: { ...NO_FAILURES, lastReason: REPLACEMENT_ASKED } }),
      ]),
      [GONE, seen()],
      ['start 0001:11212', 'kill 0002: null'],
    ],
    [
      'takes another port for a new node whose port a stranger holds',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', FRESH)]),
      [seen(), { ...GONE, portRefused: true }],
      ['save v7 0001 available 0002 creating'],
    ],
    [
      'keeps the port of a listed node, whoever holds it',
      settled,
      [{ ...GONE, portRefused: true }],
      ['start 0001:11212'],
    ],
    [
      'completes a cluster with its last first node',
      clusterRecord([nodeRecord('0001', FRESH)], { completed: false, version: 0 }),
      [seen({ configVersion: 0 })],
      ['save v1 0001 available'],
    ],
    [
      'goes on from the floor of an earlier cluster of the name',
      clusterRecord([nodeRecord('0001', FRESH)], { completed: false, version: 41 }),
      [seen({ configVersion: 0 })],
      ['save v42 0001 available'],
    ],
    [
      'stops all nodes of a cluster that is deleted, and publishes nothing',
      clusterRecord([nodeRecord('0001', { phase: 'stopping' }), nodeRecord('0002', { phase: 'stopping' })], {
        deleting: true,
      }),
      [seen({ configVersion: 3 }), GONE],
      ['stop 0001', 'save v7 0001 stopping'],
    ],
    [
      'removes the record of a deleted cluster with its last node',
      clusterRecord([], { deleting: true }),
      [],
      ['forget'],
    ],
  ])('%s', (_, cluster, nodes, expected) => {
    expect(told(planned(cluster, nodes))).toEqual(expected);
  });

  test('says which port it takes instead, past those of others', () => {
    const cluster = clusterRecord([nodeRecord('0001'), nodeRecord('0002', FRESH)]);
    const [action] = planned(cluster, [seen(), { ...GONE, portRefused: true }], { portsTaken: [11_214] });
    expect(action).toMatchObject({ kind: 'save', cluster: { nodes: [{}, { address: { port: 11_215 } }] } });
  });

  test('neither starts nor stops anything while nobody knows what runs', () => {
    const cluster = clusterRecord([nodeRecord('0001'), nodeRecord('0002', { phase: 'stopping' })]);
    expect(told(planned(cluster, [GONE, GONE], { driverReady: false }))).toEqual([]);
  });

  test('stops nodes that are in no record', () => {
    expect(told(planned(settled, [], { strays: ['0009'] }))).toEqual(['stop 0009']);
  });

  test('keeps a deleted cluster until what still runs of it has stopped', () => {
    expect(told(planned(clusterRecord([], { deleting: true }), [], { strays: ['0002'] }))).toEqual(['stop 0002']);
  });
});

describe('plan of registered nodes', () => {
  const registered = { driver: 'registered', ownerId: null } as const;
  const cluster = clusterRecord([nodeRecord('0001'), nodeRecord('0002')], registered);
  const remote = (changes: Partial<ObservedNode>) => seen({ running: null, ...changes });
  const silent = { ...FAILING, lastAnswerAtMs: NOW_MS - SUSPECT_AFTER_MS };
  const dead = { ...FAILING, lastAnswerAtMs: NOW_MS - DEAD_AFTER_MS };
  const deadAndAccused = { health: dead, suspectedSinceMs: NOW_MS - SUSPECT_AFTER_MS };
  const accused = clusterRecord([nodeRecord('0001', { failures: failedOnce }), nodeRecord('0002')], registered);

  test.each<[string, ClusterRecord, readonly ObservedNode[], readonly string[]]>([
    [
      'lists a node that serves',
      clusterRecord([nodeRecord('0001', FRESH)], { ...registered, version: 0 }),
      [remote({ configVersion: 0 })],
      ['save v1 0001 available'],
    ],
    ['starts and kills nothing', cluster, [remote({ health: FAILING }), remote({})], ['wait 2000']],
    [
      'asks in the record who hears of a silent node before it calls it dead',
      cluster,
      [remote({ health: silent }), remote({})],
      ['save v7 0001 available 0002 available'],
    ],
    [
      'gives others time to object',
      accused,
      [remote({ health: dead, suspectedSinceMs: NOW_MS - 4000 }), remote({})],
      ['wait 1000'],
    ],
    ['delists a node that is dead', accused, [remote(deadAndAccused), remote({})], ['save v8 0002 available']],
    [
      'delists nodes that fell silent within the same second by one change',
      clusterRecord(
        ['0001', '0002', '0003'].map((id) => nodeRecord(id, { failures: failedOnce })),
        registered,
      ),
      [-1, 0, 999].map((lateMs) =>
        remote({ ...deadAndAccused, health: { ...dead, lastAnswerAtMs: dead.lastAnswerAtMs + lateMs } }),
      ),
      ['save v8 0003 available', 'wait 1000'],
    ],
    [
      'spares a node that is heard of, though no probe reaches it',
      accused,
      [remote({ ...deadAndAccused, heardAtMs: NOW_MS - 1000 }), remote({})],
      ['wait 9000'],
    ],
    ['takes back what an answer refutes', accused, [], ['save v7 0001 available 0002 available']],
    ['judges nobody before the first probes', accused, [remote({ health: UNKNOWN, suspectedSinceMs: 0 })], []],
    [
      'forgets a new node that never served, and changes no list',
      clusterRecord([nodeRecord('0001'), nodeRecord('0002', { ...FRESH, failures: failedOnce })], registered),
      [remote({}), remote(deadAndAccused)],
      ['save v7 0001 available'],
    ],
    [
      'lets nobody drain for longer than the drain takes, though another clock said so',
      clusterRecord(
        [nodeRecord('0001'), nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS + 3_600_000 })],
        registered,
      ),
      [remote({}), remote({})],
      ['save v7 0001 available 0002 draining'],
    ],
    [
      'forgets a node that left when its drain is over',
      clusterRecord(
        [nodeRecord('0001'), nodeRecord('0002', { phase: 'draining', drainUntilAtMs: NOW_MS })],
        registered,
      ),
      [remote({}), remote({})],
      ['save v7 0001 available'],
    ],
  ])('%s', (_, record, nodes, expected) => {
    expect(told(planned(record, nodes))).toEqual(expected);
  });
});
