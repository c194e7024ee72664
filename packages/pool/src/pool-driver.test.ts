/** What a pool does about a driver that cannot be opened, or was never needed. */
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type Driver, DriverError, DriverErrorCode } from './drivers/driver.js';
import { PoolDriver } from './pool-driver.js';
import { SimulatedClock } from './testing/simulated-clock.js';

class AbsentEngine implements Driver {
  readonly kind = 'docker';
  readonly asked: string[] = [];
  reason: string | null = 'nobody listens';

  async open(): Promise<void> {
    this.asked.push('open');
    if (this.reason !== null) throw new DriverError(DriverErrorCode.UNAVAILABLE, this.reason);
  }

  async list(): Promise<[]> {
    return [];
  }

  start(): Promise<never> {
    return Promise.reject(new Error('not here'));
  }

  async stop(): Promise<void> {}
  async kill(): Promise<void> {}

  async close(): Promise<void> {
    this.asked.push('close');
  }

  async shutDown(): Promise<void> {
    this.asked.push('shutDown');
  }
}

function driverOf(engine: AbsentEngine) {
  const lines: { readonly reason: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const clock = new SimulatedClock();
  const events = { onExit: () => {}, onChange: () => {} };
  return { driver: new PoolDriver(engine, { log, clock, events }), clock, lines };
}

describe('a driver of the pool', () => {
  test('that was never needed is asked nothing at the end', async () => {
    const engine = new AbsentEngine();
    const { driver, lines } = driverOf(engine);
    await driver.shutDown({ graceMs: 1000 });
    await driver.close();
    expect(engine.asked).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('that cannot be opened is tried again, and each reason is logged once', async () => {
    const engine = new AbsentEngine();
    const { driver, clock, lines } = driverOf(engine);
    await driver.open();
    await clock.advance(5000);
    engine.reason = 'it is starting';
    await clock.advance(5000);
    expect(lines.map(({ reason }) => reason)).toEqual(['nobody listens', 'it is starting']);
    expect(driver.reason).toBe('it is starting');
    engine.reason = null;
    await clock.advance(1000);
    expect(driver.isReady).toBe(true);
    expect(engine.asked.length).toBeGreaterThanOrEqual(10);
  });
});
