/** The driver that carries nothing out and remembers who was heard of. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DriverEvent, NodeLaunch } from './driver.js';
import { RegisteredDriver } from './registered.js';

const FIRST = { clusterId: 'web', nodeId: '0001' };
const SECOND = { clusterId: 'web', nodeId: '0002' };
const LAUNCH: NodeLaunch = { ...FIRST, host: 'node-1', port: 11_211, memoryMegabytes: 64, threads: 1, secret: '' };

let nowMs = 0;
let driver = new RegisteredDriver(() => nowMs);

beforeEach(() => {
  nowMs = 1000;
  driver = new RegisteredDriver(() => nowMs);
});

describe('the driver of registered nodes', () => {
  test('is ready as soon as it is opened, and knows nobody', async () => {
    const events: DriverEvent[] = [];
    await driver.open((event) => events.push(event));
    expect(events).toEqual([{ kind: 'ready' }]);
    await expect(driver.list()).resolves.toEqual([]);
  });

  test('lists who was heard of, since their process first was', async () => {
    driver.hear(FIRST, 'a');
    nowMs = 2000;
    driver.hear(SECOND, 'b');
    driver.hear(FIRST, 'a');
    await expect(driver.list()).resolves.toEqual([
      { ...SECOND, handle: 'instance b', startedAtMs: 2000 },
      { ...FIRST, handle: 'instance a', startedAtMs: 1000 },
    ]);
  });

  test('takes another process under the same id for a new one', async () => {
    driver.hear(FIRST, 'a');
    nowMs = 2000;
    driver.hear(FIRST, 'b');
    await expect(driver.list()).resolves.toEqual([{ ...FIRST, handle: 'instance b', startedAtMs: 2000 }]);
  });

  test('lets starting succeed, whether the node was heard of or not', async () => {
    await expect(driver.start(LAUNCH)).resolves.toEqual({ ...FIRST, handle: 'not heard of', startedAtMs: 1000 });
    driver.hear(FIRST, 'a');
    await expect(driver.start(LAUNCH)).resolves.toEqual({ ...FIRST, handle: 'instance a', startedAtMs: 1000 });
  });

  test('forgets who is stopped or killed, and does not mind those it never knew', async () => {
    driver.hear(FIRST, 'a');
    driver.hear(SECOND, 'b');
    await driver.stop(FIRST);
    await driver.kill(SECOND);
    await driver.kill(SECOND);
    await expect(driver.list()).resolves.toEqual([]);
  });

  test('forgets the one that was silent longest when there are too many', async () => {
    for (let i = 0; i < 10_000; i++) driver.hear({ clusterId: `c${i}`, nodeId: '0001' }, 'a');
    driver.hear({ clusterId: 'c0', nodeId: '0001' }, 'a');
    driver.hear(FIRST, 'a');
    const clusters = new Set((await driver.list()).map(({ clusterId }) => clusterId));
    expect([clusters.size, clusters.has('c0'), clusters.has('c1'), clusters.has('web')]).toEqual([
      10_000,
      true,
      false,
      true,
    ]);
  });

  test('starts anew when it is closed or shut down', async () => {
    driver.hear(FIRST, 'a');
    await driver.close();
    driver.hear(SECOND, 'a');
    await driver.shutDown();
    await expect(driver.list()).resolves.toEqual([]);
  });
});
