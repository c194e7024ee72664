import { beforeEach, describe, expect, test } from '@jest/globals';
import type { RoutedTopology, Router, RouterOptions } from '@shoal/router';
import { pino } from 'pino';
import type { ClusterRecord } from '../model.js';
import { clusterRecord, nodeRecord } from '../testing/records.js';
import { SimulatedClock } from '../testing/simulated-clock.js';
import { ClusterEndpoint } from './cluster-endpoint.js';

/** Ports that are open, with what they show; and those that somebody else holds. */
const open = new Map<number, RoutedTopology | null>();
const taken = new Set<number>();
let clock = new SimulatedClock();

async function openRouter({ listen, topology }: RouterOptions): Promise<Router> {
  const [{ port }] = listen;
  await new Promise(setImmediate);
  if (taken.has(port) || open.has(port)) throw new Error(`Cannot listen on 127.0.0.1:${port}: the address is in use`);
  const apply = (next: RoutedTopology | null) => {
    open.set(port, next);
  };
  apply(topology);
  const close = async () => {
    open.delete(port);
  };
  return { addresses: listen, topology, apply, close, destroy: close };
}

function endpoint(): ClusterEndpoint {
  return new ClusterEndpoint({ listenHost: '127.0.0.1', openRouter, clock, log: pino({ level: 'silent' }) });
}

const cluster = clusterRecord([nodeRecord('0001')]);

function shownOn(port: number): number | undefined {
  return open.get(port)?.config.version;
}

beforeEach(() => {
  open.clear();
  taken.clear();
  clock = new SimulatedClock();
});

async function showing(record: ClusterRecord): Promise<ClusterEndpoint> {
  const shown = endpoint();
  shown.show(record);
  await clock.settle();
  return shown;
}

describe('the endpoint of a cluster', () => {
  test('listens before there is a list, and shows each one', async () => {
    const shown = await showing({ ...cluster, version: 0 });
    expect(open.get(11_211)).toBeNull();
    shown.show(cluster);
    expect(shownOn(11_211)).toBe(7);
  });

  test('shows a list that came while it opened', async () => {
    const shown = endpoint();
    shown.show(cluster);
    shown.show({ ...cluster, version: 8 });
    await clock.settle();
    expect(shownOn(11_211)).toBe(8);
  });

  test('goes back to no older version', async () => {
    const shown = await showing({ ...cluster, version: 9 });
    shown.show({ ...cluster, version: 8 });
    expect(shownOn(11_211)).toBe(9);
  });

  test('says which port is taken, and opens it once it is free', async () => {
    taken.add(11_211);
    const shown = await showing(cluster);
    expect(shown.problems).toEqual(['port 11211: Cannot listen on 127.0.0.1:11211: the address is in use']);
    taken.clear();
    await clock.advance(1500);
    expect(shown.problems).toEqual([]);
    expect(shownOn(11_211)).toBe(7);
  });

  test('opens a port for each list of a listener, and lets it go with the last node of it', async () => {
    const listenerAddresses = { '11311': { hostname: 'host', ip: '10.0.0.9', port: 31_311 } };
    const shown = await showing(clusterRecord([nodeRecord('0001', { listenerAddresses }), nodeRecord('0002')]));
    expect([...open.keys()]).toEqual([11_211, 11_311]);
    expect(open.get(11_311)?.listenerConfigs?.get(11_311)?.nodes[0]).toEqual(listenerAddresses['11311']);
    shown.show(clusterRecord([nodeRecord('0002')], { version: 8 }));
    await clock.settle();
    expect([...open.keys()]).toEqual([11_211]);
  });

  test('is gone with the cluster, also when that goes while a port opens', async () => {
    const shown = await showing(cluster);
    shown.show({ ...cluster, deleting: true });
    await clock.settle();
    expect(open.size).toBe(0);
    const other = endpoint();
    other.show(cluster);
    other.show(null);
    await clock.settle();
    expect(open.size).toBe(0);
  });

  test('closes whatever it is about to open', async () => {
    taken.add(11_311);
    const shown = endpoint();
    shown.show(cluster);
    await shown.close();
    await clock.advance(5000);
    expect(open.size).toBe(0);
    shown.show({ ...cluster, version: 8 });
    await clock.settle();
    expect(open.size).toBe(0);
  });
});
