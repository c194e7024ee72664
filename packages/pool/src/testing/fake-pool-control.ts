/**
 * A daemon for the tests of its API: says what it is, and remembers that it was told to stop.
 *
 * The description is one that a real daemon could give.
 */
import type { PoolControl } from '../api/actions/action.js';
import type { PoolDescription } from '../api/results.js';

export const POOL: PoolDescription = {
  DaemonId: '3b6ef8a6-0d53-4f1e-9d4b-0b8f6d1c2a3e',
  ProcessId: 4711,
  Version: '1.6.45',
  StartTime: '2026-11-22T09:00:00.000Z',
  DataDirectory: '/var/lib/shoal',
  Registry: { Name: '/var/lib/shoal/registry.json', Reachable: true, Reason: null, Leader: true },
  Drivers: [{ Driver: 'process', Ready: true, Reason: null }],
  DefaultDriver: 'process',
  Registration: null,
};

export class FakePoolControl implements PoolControl {
  readonly stops: { readonly stopNodes: boolean | null }[] = [];

  describe(): PoolDescription {
    return POOL;
  }

  stop(options: { readonly stopNodes: boolean | null }): void {
    this.stops.push(options);
  }
}
