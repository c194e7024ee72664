/**
 * Several clients of all dialects at once on a node with four workers. Keys that one client has for itself must behave as
 * its model says; keys that all share must keep what the sum of their work is. The seed is in the name of each test;
 * SHOAL_E2E_SEED repeats one.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RandomBytes } from '../harness/random-bytes.js';
import { ServerProcess } from '../harness/server-process.js';
import { serversUnderTest } from '../harness/server-under-test.js';
import { HammerClient } from './client.js';
import { binaryDialect, type Dialect, metaDialect, textDialect } from './dialects.js';
import { Model, type Operation, type Outcome, randomOperation } from './operations.js';

const SEED = Number(process.env.SHOAL_E2E_SEED ?? Date.now() % 1_000_000);
const DIALECTS: readonly Dialect[] = [textDialect, metaDialect, binaryDialect];
const CLIENTS_OF_EACH = 3;
const BATCHES = 150;
const BATCH_OPERATIONS_MAX = 24;
const PRIVATE_KEYS = 12;
const VALUE_BYTES_MAX = 70_000;
const SHARED_STEPS = 100;
const DEADLINE_MS = 240_000;

/** What two outcomes have in common that are the same: the CAS is the server's to choose. */
function comparable(outcome: Outcome): string {
  if (outcome.kind === 'value') return `${outcome.flags} ${outcome.value}`;
  return outcome.kind === 'number' ? String(outcome.number) : outcome.kind;
}

function describeOperation(operation: Operation): string {
  return JSON.stringify(operation, (_name, value) => (typeof value === 'bigint' ? `${value}` : value)).slice(0, 300);
}

async function hammerPrivateKeys(client: HammerClient, name: string, random: RandomBytes): Promise<void> {
  const model = new Model();
  const seenCas = new Map<string, bigint>();
  const keys = Array.from({ length: PRIVATE_KEYS }, (_, index) => `${name}:${index}`);
  for (let batch = 0; batch < BATCHES; batch++) {
    const count = random.below(BATCH_OPERATIONS_MAX) + 1;
    const choices = { keys, valueBytesMax: VALUE_BYTES_MAX };
    const operations = Array.from({ length: count }, () => randomOperation(random, choices, seenCas));
    const wanted = operations.map((operation) => comparable(model.apply(operation)));
    const outcomes = await client.perform(operations);
    for (const [index, outcome] of outcomes.entries()) {
      if (comparable(outcome) !== wanted[index]) {
        const got = comparable(outcome).slice(0, 100);
        throw new Error(
          `${name}, batch ${batch}: ${describeOperation(operations[index])} came to "${got}", not to "${wanted[index].slice(0, 100)}"`,
        );
      }
    }
    rememberCas(operations, outcomes, seenCas);
  }
}

/** A number is of use only if nothing behind its get in the same batch has changed the item. */
function rememberCas(
  operations: readonly Operation[],
  outcomes: readonly Outcome[],
  seenCas: Map<string, bigint>,
): void {
  for (const [index, { kind, key }] of operations.entries()) {
    const outcome = outcomes[index];
    if (outcome.kind === 'value') seenCas.set(key, outcome.cas);
    else if (kind !== 'touch') seenCas.delete(key);
  }
}

/** Reads, adds one and writes back what nobody else has changed meanwhile, until it has done so `SHARED_STEPS` times. */
async function countByCas(client: HammerClient): Promise<void> {
  for (let done = 0; done < SHARED_STEPS; ) {
    const read = await client.performOne({ kind: 'get', key: 'shared:cas' });
    if (read.kind !== 'value') throw new Error(`Cannot find the shared item: ${read.kind}`);
    const value = String(Number(read.value) + 1);
    const outcome = await client.performOne({ kind: 'cas', key: 'shared:cas', value, flags: 0, cas: read.cas });
    if (outcome.kind === 'done') done++;
    else expect(outcome.kind).toBe('exists');
  }
}

describe.each(serversUnderTest())('$name with four workers', ({ command }) => {
  let server: ServerProcess;
  let clients: HammerClient[];

  beforeAll(async () => {
    server = await ServerProcess.start(command(['-t', '4']));
    const dialects = DIALECTS.flatMap((dialect) => Array.from({ length: CLIENTS_OF_EACH }, () => dialect));
    clients = await Promise.all(dialects.map((dialect) => HammerClient.connect(server.address, dialect)));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    expect((await server.stop()).signal).toBeNull();
  });

  test(
    `does to private keys what a plain map would (seed ${SEED})`,
    async () => {
      const work = clients.map((client, index) =>
        hammerPrivateKeys(client, `${client.dialect.name}${index}`, new RandomBytes(SEED + index)),
      );
      await Promise.all(work);
    },
    DEADLINE_MS,
  );

  test(
    'loses no step of a number that all count up, and no step of a cas',
    async () => {
      await clients[0].perform([
        { kind: 'set', key: 'shared:n', value: '0', flags: 0 },
        { kind: 'set', key: 'shared:cas', value: '0', flags: 0 },
      ]);
      const steps = Array.from({ length: SHARED_STEPS }, () => ({ kind: 'incr', key: 'shared:n', delta: 1n }) as const);
      const [numbers] = await Promise.all([
        Promise.all(clients.map((client) => client.perform(steps))).then((all) => all.flat()),
      ]);
      const seen = new Set(numbers.map((outcome) => (outcome.kind === 'number' ? outcome.number : -1n)));
      expect(seen.size).toBe(clients.length * SHARED_STEPS);
      await Promise.all(clients.map(countByCas));
      const total = String(clients.length * SHARED_STEPS);
      for (const key of ['shared:n', 'shared:cas']) {
        expect(await clients[0].performOne({ kind: 'get', key })).toMatchObject({ kind: 'value', value: total });
      }
    },
    DEADLINE_MS,
  );

  test('loses nothing of what all append, and tears nothing', async () => {
    await clients[0].performOne({ kind: 'set', key: 'shared:log', value: '', flags: 0 });
    const append = (index: number) => ({ kind: 'append', key: 'shared:log', value: `<${index}>` }) as const;
    await Promise.all(clients.map((client, index) => client.perform(Array(SHARED_STEPS).fill(append(index)))));
    const log = await clients[0].performOne({ kind: 'get', key: 'shared:log' });
    const entries = log.kind === 'value' ? (log.value.match(/<\d+>/g) ?? []) : [];
    expect(entries.join('')).toBe(log.kind === 'value' ? log.value : null);
    for (const index of clients.keys()) {
      expect(entries.filter((entry) => entry === `<${index}>`)).toHaveLength(SHARED_STEPS);
    }
  });

  test('lets only one client add a key, and only one delete it', async () => {
    for (let round = 0; round < SHARED_STEPS; round++) {
      const key = `shared:once${round}`;
      const added = await Promise.all(
        clients.map((client) => client.performOne({ kind: 'add', key, value: 'x', flags: 0 })),
      );
      expect(added.filter((outcome) => outcome.kind === 'done')).toHaveLength(1);
      const deleted = await Promise.all(clients.map((client) => client.performOne({ kind: 'delete', key })));
      expect(deleted.filter((outcome) => outcome.kind === 'done')).toHaveLength(1);
    }
  });
});

describe.each(serversUnderTest())('$name with little memory', ({ command }) => {
  test(
    `evicts under four workers, but what it still has is right (seed ${SEED})`,
    async () => {
      const server = await ServerProcess.start(
        command(['-t', '4', '-m', '8', '-I', '256k', '-o', 'slab_chunk_max=128']),
      );
      try {
        const clients = await Promise.all(DIALECTS.map((dialect) => HammerClient.connect(server.address, dialect)));
        await Promise.all(clients.map((client, index) => overfill(client, new RandomBytes(SEED + index))));
        for (const client of clients) client.close();
      } finally {
        await server.stop();
      }
    },
    DEADLINE_MS,
  );
});

const SHARED_KEYS = 400;

/** Every value tells its key and its length, so that a reader can judge what another client has written. */
async function overfill(client: HammerClient, random: RandomBytes): Promise<void> {
  let hits = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const operations = Array.from({ length: 20 }, (): Operation => {
      const key = `fill:${random.below(SHARED_KEYS)}`;
      const length = random.below(10) === 0 ? random.below(200_000) : random.below(4000);
      if (random.below(2) === 0) return { kind: 'get', key };
      return { kind: 'set', key, value: selfDescribing(key, length), flags: length };
    });
    for (const [index, outcome] of (await client.perform(operations)).entries()) {
      const { kind, key } = operations[index];
      if (outcome.kind === 'value') {
        hits++;
        if (outcome.value !== selfDescribing(key, outcome.flags))
          throw new Error(`${key} came back wrong: ${outcome.value.slice(0, 80)}`);
      } else expect(outcome.kind).toBe(kind === 'get' ? 'missing' : 'done');
    }
  }
  expect(hits).toBeGreaterThan(0);
}

function selfDescribing(key: string, length: number): string {
  return `${key} ${length} `.repeat(Math.ceil(length / (key.length + 3)) + 1).slice(0, length);
}
