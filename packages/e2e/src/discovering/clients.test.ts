/**
 * Real clients beside each other on one real pool that grows from three nodes to five and shrinks to two while all of them
 * work: no call fails, and a key is missed exactly when it changed its node. Those that follow by themselves look once a
 * second, well within the drain; the others are asked again after each change, or know the endpoint alone.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Conversation } from '../harness/conversation.js';
import { eventually } from '../harness/eventually.js';
import { testWith } from '../harness/outside-program.js';
import { PoolProcess, portsOf } from '../pool/pool-process.js';
import { type Account, ClientCourse, HITS_LEAST } from './client-course.js';
import { CLIENT_PROGRAMS } from './client-programs.js';

const CLUSTER = 'dev';
const SIZES = [3, 5, 2];
/** Longer than a client needs to look again, on a busy machine too. */
const DRAIN_SECONDS = 10;
/** Not a measure of anything: the course takes twenty seconds, and a child that hangs is ended before. */
const COURSE_DEADLINE_MS = 400_000;

const pool = new PoolProcess();
const courses = CLIENT_PROGRAMS.map((program) => ({ program, course: new ClientCourse(program) }));
const running = courses.filter(({ program }) => program.present).map(({ course }) => course);
let endpointPort = 0;

const together = (step: (course: ClientCourse) => Promise<void>): Promise<unknown> => Promise.all(running.map(step));

beforeAll(async () => {
  await pool.start();
  await pool.client.createCacheCluster({
    CacheClusterId: CLUSTER,
    NumCacheNodes: SIZES[0],
    Port: 0,
    MemoryMegabytes: 8,
    Threads: 1,
    DrainSeconds: DRAIN_SECONDS,
  });
  const cluster = await pool.settled(CLUSTER, SIZES[0]);
  endpointPort = cluster.ConfigurationEndpoint.Port;
  let nodes: readonly string[] = portsOf(cluster).map((port) => `127.0.0.1:${port}`);
  await together((course) => course.begin(`127.0.0.1:${endpointPort}`));
  for (const [index, size] of SIZES.slice(1).entries()) {
    const change = `${SIZES[index]}-to-${size}`;
    const before = nodes;
    await together((course) => course.prepare(change, before));
    await pool.client.modifyCacheCluster({ CacheClusterId: CLUSTER, NumCacheNodes: size });
    const after = await published(size);
    await together((course) => course.account(change, after));
    await pool.settled(CLUSTER, size);
    nodes = after;
  }
  await together((course) => course.end());
}, COURSE_DEADLINE_MS);

afterAll(async () => {
  await together((course) => course.end());
  await pool.remove();
});

/** The nodes, once the endpoint and all of them tell a list of this length and of one version. */
async function published(size: number): Promise<readonly string[]> {
  let nodes: readonly string[] = [];
  await eventually(`a list of ${size} nodes everywhere`, async () => {
    const list = await listAt(`127.0.0.1:${endpointPort}`);
    nodes = [...list.matchAll(/\|([\d.]+)\|(\d+)/g)].map(([, ip, port]) => `${ip}:${port}`);
    if (nodes.length !== size) return false;
    const lists = await Promise.all(nodes.map(listAt));
    return lists.every((each) => each === list);
  });
  return nodes;
}

async function listAt(address: string): Promise<string> {
  const [host, port] = address.split(':');
  const conversation = await Conversation.open({ host, port: Number(port) });
  try {
    return await conversation.askUntil('config get cluster\r\n', 'END\r\n');
  } finally {
    conversation.destroy();
  }
}

/** The keys that were read back as what they were set to; every other one has to be a miss. */
function readBack({ keys, values }: Account): string[] {
  return keys.filter((key, index) => {
    const value = values[index];
    if (value !== null && value !== `first ${key}`) throw new Error(`${key} was read back as ${value}`);
    return value !== null;
  });
}

function stayed({ keys, placesBefore, placesAfter }: Account): string[] {
  return keys.filter((key) => placesBefore.get(key)?.[0] === placesAfter.get(key)?.[0]);
}

describe('while a pool goes from three nodes to five to two', () => {
  for (const { program, course } of courses) {
    const declare = program.needs === program.name ? test : testWith(program.needs, program.present);

    declare(`no call of ${program.name} fails, and its process lives`, () => {
      const { reply, exit, output } = course.outcome;
      expect({ errors: reply.errors, failed: reply.failed, exit }).toEqual({ errors: [], failed: 0, exit: '0' });
      expect(output).not.toMatch(/error/i);
      expect(reply.hits).toBeGreaterThan(HITS_LEAST);
    });

    declare(`${program.name} misses exactly the keys that changed their node`, () => {
      const { accounts } = course.outcome;
      expect(accounts.map(({ change }) => change)).toEqual(['3-to-5', '5-to-2']);
      for (const account of accounts) {
        for (const places of [account.placesBefore, account.placesAfter])
          expect([...places.values()].filter(({ length }) => length !== 1)).toEqual([]);
        const kept = stayed(account);
        expect(readBack(account)).toEqual(kept);
        expect(kept.length).toBeGreaterThan(0);
        expect(kept.length).toBeLessThan(account.keys.length);
      }
    });
  }
});
