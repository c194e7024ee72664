/**
 * Which process acknowledged which value of which key, and whether it still has it.
 *
 * Written by the load, checked by the chaos run whenever the cluster is at rest. Values of a key are numbers that only rise.
 * An entry belongs to the process that was seen on the port before the write was sent: if the same process is there at
 * the end, nobody else can have acknowledged it. What processes held that are gone is nobody's debt.
 */
import { askValues } from './question.js';

export class Ledger {
  /** By `port#pid`: the highest acknowledged number of each key. */
  readonly #entries = new Map<string, Map<string, number>>();
  acknowledged = 0;

  note(port: number, pid: number, key: string, value: number): void {
    if (pid === 0) return;
    const name = `${port}#${pid}`;
    const held = this.#entries.get(name) ?? new Map<string, number>();
    this.#entries.set(name, held);
    held.set(key, Math.max(value, held.get(key) ?? 0));
    this.acknowledged++;
  }

  /** What this process has lost; null when it does not answer. */
  async lossesOf(port: number, pid: number): Promise<{ checked: number; losses: readonly string[] } | null> {
    const held = new Map(this.#entries.get(`${port}#${pid}`) ?? []);
    if (held.size === 0) return { checked: 0, losses: [] };
    const found = await askValues(port, [...held.keys()]);
    if (found === null) return null;
    const losses = [...held].flatMap(([key, value]) => {
      const now = found.get(key);
      if (now === undefined) return [`key ${key} (${value}) is gone from the node on port ${port}, pid ${pid}`];
      return Number(now) >= value ? [] : [`key ${key} on port ${port}, pid ${pid}, went from ${value} back to ${now}`];
    });
    return { checked: held.size, losses };
  }
}
