/**
 * `node scripts/compose-test.js`: the image, the compose file and the docker driver with a real Docker engine, under load.
 *
 * Uses the engine that answers, or starts one of its own as root. Where there is none it says so and counts as skipped. Ends
 * within twelve minutes, and takes away all that it made, whatever happens: also on SIGTERM and Ctrl-C. Last line:
 * `N passed, N failed, N skipped`. `--only one-pool|etcd|driver|seccomp` runs a part of it.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../house-rules/source-file.js';
import { BASE_IMAGE, provideBaseImage } from './base-image.js';
import { Checks, expect, messageOf } from './checks.js';
import { dockerDriver } from './docker-driver.js';
import { NoEngine, openEngine } from './engine.js';
import { etcdPools } from './etcd-pools.js';
import { onePool } from './one-pool.js';
import { Programs } from './programs.js';
import { type ComposeCommand, composeCommands } from './project.js';
import { seccompProfiles } from './seccomp.js';
import type { Stage } from './stage.js';

const BOUND_MS = 12 * 60_000;
const BUILD_DEADLINE_MS = 180_000;
const NAME = 'the compose test';

type Undo = (programs: Programs) => Promise<void>;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const checks = new Checks();
const ending = new AbortController();
const programs = new Programs(ending.signal);
const undos: Undo[] = [];
const onEnd = (undo: Undo) => void undos.push(undo);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => breakOff(`${signal} came`));
}
const bound = setTimeout(() => breakOff(`it took longer than ${BOUND_MS / 60_000} minutes`), BOUND_MS);

/** Every program that runs ends, so that every wait for one does; what is left then fails fast. */
function breakOff(reason: string): void {
  if (ending.signal.aborted) return;
  checks.failed++;
  checks.say(`FAILED ${NAME}: ${reason}`);
  ending.abort();
}

async function work(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'shoal-compose-'));
  onEnd(async () => rmSync(scratch, { recursive: true, force: true }));
  const engine = await openEngine(programs, scratch);
  onEnd((cleaning) => engine.end(cleaning));
  if (engine.host !== null) programs.environment.DOCKER_HOST = engine.host;
  checks.say(engine.host === null ? 'An engine answers already' : 'Started an engine');
  checks.say(`The image ${BASE_IMAGE} is ${await provideBaseImage(programs, scratch)}`);
  await runsContainers();
  const commands = await composeCommands(programs);
  const mark = randomBytes(3).toString('hex');
  const [image, etcdImage] = [`shoal-test-${mark}:local`, `shoal-test-etcd-${mark}:local`];
  onEnd(async (cleaning) => void (await cleaning.succeeds('docker', ['rmi', '-f', image, etcdImage])));
  await checks.stage('The files', () => acceptFiles(commands));
  if (!(await buildImage(scratch, image))) return;
  const [command] = commands;
  if (command === undefined) {
    checks.skip('pools from the compose file', 'neither docker-compose nor docker compose is installed');
    return;
  }
  const stage = { programs, checks, command, image, etcdImage, onEnd };
  const parts: readonly (readonly [string, string, (stage: Stage) => Promise<void>])[] = [
    ['one-pool', 'One pool daemon, nodes that register', onePool],
    ['etcd', 'Two pool daemons over etcd', etcdPools],
    ['driver', 'Nodes of the docker driver', dockerDriver],
    ['seccomp', 'Nodes under seccomp profiles', (stage) => seccompProfiles(stage, scratch)],
  ];
  for (const [name, title, part] of parts) {
    if (ending.signal.aborted) return;
    if (values.only === undefined || values.only === name) await checks.stage(title, () => part(stage));
  }
}

/** An engine may answer and still not be allowed to run anything, as in a container without privileges. */
async function runsContainers(): Promise<void> {
  try {
    const version = await programs.run('docker', ['run', '--rm', BASE_IMAGE, 'node', '--version']);
    expect(version.startsWith('v24.'), `the image ${BASE_IMAGE} has Node.js ${version}`);
  } catch (error) {
    throw new NoEngine(`the engine runs no containers: ${messageOf(error)}`);
  }
}

async function acceptFiles(commands: readonly ComposeCommand[]): Promise<void> {
  for (const [program, ...args] of commands) {
    await checks.check(`${[program, ...args].join(' ')} accepts the file, with both profiles`, async () => {
      for (const profile of [[], ['--profile', 'etcd']]) {
        const text = await programs.run(program, [...args, ...profile, 'config'], { folder: ROOT });
        const services = profile.length === 0 ? ['pool', 'node'] : ['etcd', 'pool-a', 'pool-b', 'etcd-node'];
        for (const service of services) expect(text.includes(`\n  ${service}:`), `it shows no service ${service}`);
      }
    });
  }
}

/** Of a folder that has what the stage for a compiled tree takes, so that nothing is written into this tree. */
async function buildImage(scratch: string, image: string): Promise<boolean> {
  const context = join(scratch, 'context');
  const sentence = 'the image is built from the compiled tree, by the builder that every engine has';
  const isBuilt = await checks.check(sentence, async () => {
    for (const name of ['Dockerfile', '.dockerignore', 'deploy/image']) {
      const isOwn = (path: string) => path !== join(ROOT, 'deploy/image/dist');
      cpSync(join(ROOT, name), join(context, name), { recursive: true, filter: isOwn });
    }
    const collected = join(context, 'deploy/image/dist');
    await programs.run(process.execPath, ['deploy/image/collect.mjs', ROOT, collected], { folder: ROOT });
    const build = ['build', '--target', 'runtime-prebuilt', '--build-arg', `BASE=${BASE_IMAGE}`, '-t', image, '.'];
    await programs.run('docker', build, { folder: context, deadlineMs: BUILD_DEADLINE_MS });
  });
  if (!isBuilt) return false;
  const [base, whole] = await Promise.all([BASE_IMAGE, image].map(sizeOf));
  checks.say(`       ${((whole - base) / 1e6).toFixed(1)} MB on top of ${(base / 1e6).toFixed(0)} MB`);
  return true;
}

async function sizeOf(image: string): Promise<number> {
  return Number(await programs.run('docker', ['image', 'inspect', '-f', '{{.Size}}', image]));
}

async function cleanUp(): Promise<void> {
  const cleaning = new Programs();
  cleaning.environment.DOCKER_HOST = programs.environment.DOCKER_HOST;
  for (const undo of undos.reverse()) {
    try {
      await undo(cleaning);
    } catch (error) {
      checks.failed++;
      checks.say(`FAILED to clean up: ${messageOf(error)}`);
    }
  }
}

/** Does not wait for what a stage waits for. */
const brokenOff = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()));

try {
  await Promise.race([work(), brokenOff]);
} catch (error) {
  if (error instanceof NoEngine) checks.skip(NAME, error.message);
  else {
    checks.failed++;
    checks.say(`FAILED ${NAME}: ${messageOf(error)}`);
  }
}
clearTimeout(bound);
await cleanUp();
process.stdout.write(`${checks.summary}\n`);
process.exit(checks.failed === 0 ? 0 : 1);
