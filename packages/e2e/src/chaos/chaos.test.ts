/** The chaos run as `npm run chaos` does it, but short; with etcd when it is installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runs, testWith } from '../harness/outside-program.js';

const PROGRAM = join(import.meta.dirname, '../../dist/chaos/main.js');
const SEED = process.env.SHOAL_SEED ?? String(Date.now() % 1_000_000);
const RUN_MS = 240_000;
/** What is proved here is order, not speed: the machine may be busy with other tests. */
const PATIENT = ['--bound-ms', '60000'];
const etcdTest = testWith('etcd', runs('etcd', ['--version']));

async function chaos(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, '--seed', SEED, ...PATIENT, ...args], { timeout: RUN_MS });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(child, 'close');
  return `${output}exit code ${code}`;
}

const ALL_HELD = /Every invariant held\.\nexit code 0$/;

test(
  `a pool that is harmed for 20 seconds keeps every promise (seed ${SEED})`,
  async () => {
    expect(await chaos('--seconds', '20')).toMatch(ALL_HELD);
  },
  RUN_MS,
);

etcdTest(
  `so does one with its registry in etcd, which is harmed too (seed ${SEED})`,
  async () => {
    expect(await chaos('--seconds', '15', '--registry', 'etcd')).toMatch(ALL_HELD);
  },
  RUN_MS,
);
