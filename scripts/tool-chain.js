/*
 * The steps behind the root scripts: install, build, lint, jest. Only Node.js and npm are presumed, so nothing here
 * imports a package. A step that fails ends the process with the exit code of the program that failed. Called by
 * start.js, build.js, test.js and bench.js; runs at the root of the repository, wherever it is called from.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Each takes up to a gigabyte. */
const EXTRA_WORKERS_MAX = 4;
const INSTALL_STAMP = join(ROOT, 'node_modules', '.shoal-installed');

/** Installs what pnpm-lock.yaml says, unless exactly that is installed already. */
export async function install() {
  const wanted = lockDigest();
  if (installedDigest() === wanted) return;
  await run('npx', ['-y', PNPM, 'install', '--frozen-lockfile']);
  writeFileSync(INSTALL_STAMP, wanted);
}

/** Compiles the package in this folder and those it imports, and bundles the worker; incremental, so cheap when nothing changed. */
export async function build(folder) {
  await install();
  await tsc(folder);
  await node('scripts/bundle.js');
}

/** Compiles everything and type-checks the tests, which no package's own build includes. */
export async function buildAll() {
  await install();
  await tsc('.', ...packageFolders().map((folder) => `${folder}/tsconfig.test.json`));
  await node('scripts/bundle.js');
}

export async function lint() {
  await node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.');
}

/**
 * Arguments are jest's own, a part of a file name for example. More files at a time than there are cores, up to twice as
 * many: most whole-system tests wait for processes, and no test measures how soon anything is done.
 */
export async function jest(args) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const cores = availableParallelism();
  const workers = Math.min(cores * 2, cores + EXTRA_WORKERS_MAX);
  await node(...flags, 'node_modules/jest/bin/jest.js', `--maxWorkers=${workers}`, ...args);
}

export async function node(...args) {
  await run(process.execPath, args);
}

async function tsc(...projects) {
  await node('node_modules/typescript/bin/tsc', '-b', ...projects);
}

/** A signal sent to this process goes on to the child, whose end then ends this process too. */
async function run(command, args) {
  const shell = process.platform === 'win32' && command === 'npx';
  const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', shell });
  const forward = (signal) => child.kill(signal);
  process.on('SIGTERM', forward).on('SIGINT', forward);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`Cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
  process.off('SIGTERM', forward).off('SIGINT', forward);
  if (code !== 0) process.exit(code);
}

function packageFolders() {
  return [...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`), 'bench'];
}

function lockDigest() {
  const hash = createHash('sha256');
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(ROOT, name)));
  return hash.digest('hex');
}

function installedDigest() {
  try {
    return readFileSync(INSTALL_STAMP, 'utf8');
  } catch {
    return '';
  }
}
