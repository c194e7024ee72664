/**
 * The image that ours stands on, under the tag that the Dockerfile names: one that the engine has is used as it is, else it
 * is made of what this machine can install, a small Debian and the binary of Node.js. Called by main.ts.
 *
 * Debian comes from wherever this machine's own package manager gets it. Node.js is the one that runs this, if it has the
 * wanted release, else that of the npm package that carries it.
 */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './checks.js';
import { NoEngine } from './engine.js';
import type { Programs } from './programs.js';

export const BASE_IMAGE = 'node:24-bookworm-slim';
const RELEASE = '24';
const SUITE = 'bookworm';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const BOOTSTRAP_DEADLINE_MS = 360_000;
const STEP_DEADLINE_MS = 120_000;

/** How it came about. */
export type Origin = 'found' | 'made';

export async function provideBaseImage(programs: Programs, scratch: string): Promise<Origin> {
  if (await programs.succeeds('docker', ['image', 'inspect', BASE_IMAGE])) return 'found';
  if (!(await programs.succeeds('debootstrap', ['--version']))) {
    throw new NoEngine(`the engine has no image ${BASE_IMAGE}, and debootstrap is not installed to make one`);
  }
  try {
    await makeBaseImage(programs, scratch);
  } catch (error) {
    throw new NoEngine(`the image ${BASE_IMAGE} cannot be made here: ${messageOf(error)}`);
  }
  return 'made';
}

async function makeBaseImage(programs: Programs, scratch: string): Promise<void> {
  const [root, archive] = [join(scratch, 'root'), join(scratch, 'root.tar')];
  await bootstrap(programs, root);
  const binary = join(root, 'usr/local/bin/node');
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync(await nodeBinary(programs, scratch), binary);
  chmodSync(binary, 0o755);
  await programs.run('tar', ['-C', root, '-cf', archive, '.'], { deadlineMs: STEP_DEADLINE_MS });
  await rm(root, { recursive: true, force: true });
  const importing = ['import', '--change', `ENV PATH=${PATH}`, '--change', 'CMD ["node"]', archive, BASE_IMAGE];
  await programs.run('docker', importing, { deadlineMs: STEP_DEADLINE_MS });
  await rm(archive, { force: true });
}

async function bootstrap(programs: Programs, root: string): Promise<void> {
  const environment = await proxyOf(programs);
  const mirror = await mirrorOf(programs);
  await programs.run('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, root, mirror], {
    deadlineMs: BOOTSTRAP_DEADLINE_MS,
    environment,
  });
}

/** Of Debian's main archive, as this machine's package manager has been told. */
async function mirrorOf(programs: Programs): Promise<string> {
  const format = '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)';
  const text = await programs.run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const found = /^Debian Debian main ((?:https?|file):\S+)$/m.exec(text);
  if (found === null) throw new Error('the package manager of this machine knows no archive of Debian');
  return found[1];
}

async function proxyOf(programs: Programs): Promise<Record<string, string>> {
  const names = ['Acquire::http::Proxy', 'Acquire::https::Proxy'];
  const said = await programs.run('apt-config', ['shell', 'http_proxy', names[0], 'https_proxy', names[1]]);
  return Object.fromEntries([...said.matchAll(/^(\w+)='(\S+)'$/gm)].map(([, name, value]) => [name, value]));
}

async function nodeBinary(programs: Programs, scratch: string): Promise<string> {
  if (process.versions.node.startsWith(`${RELEASE}.`)) return process.execPath;
  const name = `node-linux-${process.arch}`;
  const install = ['install', '--silent', '--no-save', '--prefix', join(scratch, 'npm'), `${name}@${RELEASE}`];
  await programs.run('npm', install, { deadlineMs: STEP_DEADLINE_MS });
  return join(scratch, 'npm/node_modules', name, 'bin/node');
}
