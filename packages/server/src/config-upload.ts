/**
 * `config set <key> <flags> <bytes>` and the binary Config Set, while the value arrives.
 *
 * A session makes one when the command has been decoded, feeds it until it is complete and lets it answer. It holds
 * what was announced, at most 65,536 bytes and a key, and goes with the command or with the connection.
 */
import {
  BinaryStatus,
  CONFIG_BYTES_MAX,
  Dialect,
  Status,
  writeBinaryEmpty,
  writeBinaryError,
  writeStatus,
} from '@shoal/protocol';
import { mayChangeConfig, refuseChange } from './commands/config.js';
import { type Config, ConfigStore, LEGACY_CLUSTER_KEY } from './config-table.js';
import { ServerCounter } from './server-counters.js';
import { Outcome, type WorkerContext } from './worker-context.js';

const CR = 0x0d;
const LF = 0x0a;
/** The line end behind a text value. */
const TEXT_END_BYTES = 2;

const TEXT_STATUS: Record<ConfigStore, number> = {
  [ConfigStore.STORED]: Status.STORED,
  [ConfigStore.EXISTS]: Status.EXISTS,
  [ConfigStore.NOT_FOUND]: Status.NOT_FOUND,
  [ConfigStore.FULL]: Status.NO_MEMORY_STORING,
};

const BINARY_STATUS: Record<ConfigStore, number> = {
  [ConfigStore.STORED]: BinaryStatus.SUCCESS,
  [ConfigStore.EXISTS]: BinaryStatus.KEY_EXISTS,
  [ConfigStore.NOT_FOUND]: BinaryStatus.KEY_NOT_FOUND,
  [ConfigStore.FULL]: BinaryStatus.NO_MEMORY,
};

/** The old name as the store reads keys: with room behind it, because it looks at whole words. */
const LEGACY_INPUT = new Uint8Array(64);
const LEGACY_VIEW = new DataView(LEGACY_INPUT.buffer);
LEGACY_INPUT.set(LEGACY_CLUSTER_KEY);

export class ConfigUpload {
  readonly #isBinary: boolean;
  readonly #isQuiet: boolean;
  readonly #opcode: number;
  readonly #opaque: number;
  readonly #key: Uint8Array;
  readonly #flags: number;
  readonly #compareCas: bigint;
  readonly #valueBytes: number;
  /** Value and, in text, the line end behind it. */
  readonly #body: Uint8Array;
  #received = 0;

  /** Takes what it needs of worker.request. */
  constructor(worker: WorkerContext) {
    const { input, request } = worker;
    this.#isBinary = request.dialect === Dialect.BINARY;
    this.#isQuiet = request.noreply;
    this.#opcode = request.opcode;
    this.#opaque = request.opaque;
    this.#key = input.slice(request.keyStart, request.keyEnd);
    this.#flags = request.clientFlags;
    this.#compareCas = this.#isBinary ? casOf(request.casLow, request.casHigh) : 0n;
    this.#valueBytes = request.valueBytes;
    this.#body = new Uint8Array(request.valueBytes + (this.#isBinary ? 0 : TEXT_END_BYTES));
  }

  get isComplete(): boolean {
    return this.#received === this.#body.length;
  }

  /** Takes its share of input[start..end); answers how many bytes that was. */
  take(input: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#body.length - this.#received);
    this.#body.set(input.subarray(start, start + count), this.#received);
    this.#received += count;
    return count;
  }

  /** Stores the complete value and answers; an Outcome. */
  finish(worker: WorkerContext): number {
    if (!this.#isBinary && !this.#hasTextEnd()) {
      this.#answerText(worker, Status.BAD_DATA_CHUNK);
      return Outcome.OPEN;
    }
    const value = this.#body.subarray(0, this.#valueBytes);
    const config: Config = { key: this.#key, value, flags: this.#flags, compareCas: this.#compareCas };
    const outcome = worker.configs.store(config);
    if (outcome === ConfigStore.STORED) this.#noteStored(worker);
    if (this.#isBinary) this.#answerBinary(worker, outcome);
    else this.#answerText(worker, TEXT_STATUS[outcome]);
    return Outcome.OPEN;
  }

  #hasTextEnd(): boolean {
    return this.#body[this.#valueBytes] === CR && this.#body[this.#valueBytes + 1] === LF;
  }

  /** An item that somebody stored under the old name of the cluster's list would hide the list: it goes. */
  #noteStored(worker: WorkerContext): void {
    worker.counters[ServerCounter.CMD_CONFIG_SET]++;
    const { store } = worker;
    const end = LEGACY_CLUSTER_KEY.length;
    const hash = store.hashKey(LEGACY_INPUT, LEGACY_VIEW, 0, end);
    store.lock(hash);
    const ref = store.findLocked(LEGACY_INPUT, LEGACY_VIEW, 0, end, hash);
    if (ref !== 0) store.unlinkLocked(ref, hash);
    store.unlock(hash);
  }

  #answerText(worker: WorkerContext, status: number): void {
    if (!this.#isQuiet) writeStatus(worker.output, status);
  }

  #answerBinary(worker: WorkerContext, outcome: ConfigStore): void {
    const { configs, output } = worker;
    if (outcome !== ConfigStore.STORED) {
      writeBinaryError(output, this.#opcode, BINARY_STATUS[outcome], this.#opaque, 0, 0);
    } else if (!this.#isQuiet) {
      writeBinaryEmpty(output, this.#opcode, this.#opaque, configs.casLow, configs.casHigh);
    }
  }
}

/** Null: the command was refused and answered; its body of request.swallowBytes is to be thrown away. */
export function beginConfigSet(worker: WorkerContext): ConfigUpload | null {
  const { output, request } = worker;
  if (!mayChangeConfig(worker)) {
    refuseChange(worker);
    return null;
  }
  if (request.valueBytes <= CONFIG_BYTES_MAX) return new ConfigUpload(worker);
  if (request.dialect === Dialect.BINARY) {
    writeBinaryError(output, request.opcode, BinaryStatus.TOO_LARGE, request.opaque, 0, 0);
  } else if (!request.noreply) {
    writeStatus(output, Status.TOO_LARGE);
  }
  return null;
}

function casOf(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
