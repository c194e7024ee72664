/**
 * Nodes under seccomp profiles of a real engine: the one in deploy/seccomp allows all that a node does and io_uring, and where a
 * profile forbids io_uring a node serves on epoll. Called by main.ts.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.js';
import { URING_ABSENCE } from '../harness/server-command.js';
import { ROOT } from '../house-rules/source-file.js';
import { expect } from './checks.js';
import type { Stage } from './stage.js';

const PROFILE = join(ROOT, 'deploy/seccomp/io-uring.json');
const START_DEADLINE_MS = 20_000;

export async function seccompProfiles(stage: Stage, scratch: string): Promise<void> {
  const { checks } = stage;
  const forbidding = join(scratch, 'without-io-uring.json');
  writeFileSync(forbidding, JSON.stringify(withoutUring(JSON.parse(readFileSync(PROFILE, 'utf8')))));
  await checks.check('under a profile that forbids io_uring a node serves on epoll, and says why', async () => {
    const line = await startLine(stage, forbidding);
    expect(line.transport === 'epoll', `it serves on ${line.transport}`);
    expect(line.fallbackReason === 'Cannot make an io_uring: EPERM', `it says "${line.fallbackReason}"`);
  });
  const sentence = 'under the profile of deploy/seccomp a node serves through io_uring';
  if (URING_ABSENCE !== '') {
    checks.skip(sentence, URING_ABSENCE);
    return;
  }
  await checks.check(sentence, async () => {
    const line = await startLine(stage, PROFILE);
    expect(line.transport === 'uring', `it serves on ${line.transport}: ${line.fallbackReason}`);
  });
}

interface Profile {
  readonly syscalls: readonly { readonly names: readonly string[] }[];
}

function withoutUring(profile: Profile): Profile {
  return { ...profile, syscalls: profile.syscalls.filter(({ names }) => !names.includes('io_uring_setup')) };
}

/** What a node in a container of its own logs when it serves. */
async function startLine({ programs, image, onEnd }: Stage, profile: string): Promise<Record<string, string>> {
  const name = `shoal-seccomp-${randomBytes(3).toString('hex')}`;
  onEnd(async (cleaning) => void (await cleaning.succeeds('docker', ['rm', '-f', name])));
  await programs.run('docker', ['run', '-d', '--name', name, '--security-opt', `seccomp=${profile}`, image, 'server']);
  let line: Record<string, string> = {};
  await eventually(
    `the start line of ${name}`,
    async () => {
      const log = await programs.run('docker', ['logs', name]);
      const serving = log.split('\n').find((each) => each.includes('"msg":"Serving"'));
      if (serving !== undefined) line = JSON.parse(serving);
      return serving !== undefined;
    },
    START_DEADLINE_MS,
  );
  return line;
}
