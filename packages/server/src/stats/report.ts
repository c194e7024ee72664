/**
 * The reply to a stats command while it is written: lines of the text dialect or responses of the binary one.
 *
 * Made by commands/statistics.ts, filled by the other files of this folder. Everything goes straight to the
 * worker's output; its length follows from the number of size classes, of connections (-c) or of prefixes.
 */
import { type ByteWriter, Status, writeBinaryStat, writeStat, writeStatus } from '@shoal/protocol';

export type StatValue = string | number | boolean;

export interface StatReport {
  /** One field. Booleans show as memcached's yes and no. */
  stat(name: string, value: StatValue): void;
  /** What ends the reply. */
  end(): void;
}

function textOf(value: StatValue): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

export class TextReport implements StatReport {
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  stat(name: string, value: StatValue): void {
    writeStat(this.#writer, name, textOf(value));
  }

  end(): void {
    writeStatus(this.#writer, Status.END);
  }
}

/** A response for each field, the name as its key, and one without either at the end. */
export class BinaryReport implements StatReport {
  readonly #writer: ByteWriter;
  readonly #opaque: number;

  constructor(writer: ByteWriter, opaque: number) {
    this.#writer = writer;
    this.#opaque = opaque;
  }

  stat(name: string, value: StatValue): void {
    writeBinaryStat(this.#writer, this.#opaque, name, textOf(value));
  }

  end(): void {
    writeBinaryStat(this.#writer, this.#opaque, '', '');
  }
}
