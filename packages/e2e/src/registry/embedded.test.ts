/** The embedded registry: what every registry does, and what a file has to stand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EmbeddedRegistry } from '@shoal/pool';
import { RandomBytes } from '../harness/random-bytes.js';
import { Listener, someCluster } from './registry-records.js';
import { declareRegistrySuite, type StoreUnderTest } from './registry-suite.js';

const SEED = Number(process.env.SHOAL_SEED ?? Date.now() % 1_000_000);
const KILLS = 25;
const CHILD = join(import.meta.dirname, 'registry-child.mjs');

async function openStore(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-registry-'));
  const made: EmbeddedRegistry[] = [];
  return {
    registry: () => {
      const registry = new EmbeddedRegistry(join(folder, 'registry.json'));
      made.push(registry);
      return registry;
    },
    end: async () => {
      for (const registry of made) await registry.close();
      await rm(folder, { recursive: true });
    },
  };
}

describe('the embedded registry', () => {
  declareRegistrySuite(test, openStore);
});

describe('the embedded registry under kill -9', () => {
  test(`has every write that was acknowledged before a kill at a random moment (seed ${SEED})`, async () => {
    const random = new RandomBytes(SEED);
    const folder = await mkdtemp(join(tmpdir(), 'shoal-registry-'));
    const file = join(folder, 'registry.json');
    for (let kill = 0; kill < KILLS; kill++) {
      const lines = await linesUntilKilled(file, 1 + random.below(12), random.below(4));
      await expectAcknowledged(file, lines.at(-1) ?? '');
    }
    await rm(folder, { recursive: true });
  }, 240_000);
});

/** Killed a moment after so many acknowledgements, so in the middle of one of the next writes. */
async function linesUntilKilled(file: string, count: number, laterMs: number): Promise<string[]> {
  const record = JSON.stringify(someCluster('dev'));
  const child: ChildProcess = spawn(process.execPath, [CHILD, file, 'write', record], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > count) setTimeout(() => child.kill('SIGKILL'), laterMs);
  });
  await once(child, 'close');
  return output.split('\n').filter((line) => line !== '');
}

/** The write under way when the kill came may be there as well; nothing older may be. */
async function expectAcknowledged(file: string, lastLine: string): Promise<void> {
  const registry = new EmbeddedRegistry(file);
  await registry.open(new Listener());
  const [word, number] = lastLine.split(' ');
  const floor = await registry.versionFloor('dev');
  const found = await registry.loadOne('dev');
  expect(floor === Number(number) || floor === Number(number) + 1).toBe(true);
  if (floor > Number(number)) expect(found?.cluster.version).toBe(floor);
  if (floor === Number(number) && word === 'removed') expect(found).toBeNull();
  await registry.close();
}
