/*
 * Gathers what an image needs of a built tree: the compiled packages that the command `shoal` is made of, and their
 * dependencies, each at the place where it stands in the tree, so that its links stay what they are.
 *
 *   node deploy/image/collect.mjs [TREE] [TARGET]      default: this repository, deploy/image/dist
 *
 * Run by the Dockerfile behind a build, and by hand before `docker build --target runtime-prebuilt`. Needs no package.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const [tree = join(HERE, '../..'), target = join(HERE, 'dist')] = process.argv.slice(2).map((path) => resolve(path));
const ROOT = realpathSync(tree);
/** What a workspace package ships: its `files`, and what says how to load it. */
const PACKAGE_FILES = ['package.json', 'bin', 'dist'];
/** For people who develop, not for a program that runs. */
const SUPERFLUOUS =
  /\.(?:map|d\.ts|d\.mts|d\.cts|tsbuildinfo)$|(?<!licen[cs]e)\.(?:md|markdown)$|\.test\.js$|\/(?:tests?|docs|examples?)$/i;
const seen = new Set();

rmSync(target, { recursive: true, force: true });
collect(join(ROOT, 'packages/cli'));
console.log(`Collected ${seen.size} packages in ${target}`);

/** A package, and whatever it needs. */
function collect(folder) {
  if (seen.has(folder)) return;
  seen.add(folder);
  const isOurs = !folder.includes('node_modules');
  const parts = isOurs ? PACKAGE_FILES.filter((name) => existsSync(join(folder, name))) : [''];
  for (const part of parts) copy(join(folder, part));
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  // An optional one may be for another platform, and a peer may have been left out.
  for (const name of Object.keys(dependencies)) collectDependency(folder, name, true);
  for (const name of Object.keys(optionalDependencies)) collectDependency(folder, name, false);
}

function collectDependency(folder, name, isNeeded) {
  const link = findLink(folder, name);
  if (link === null) {
    if (isNeeded) throw new Error(`Cannot collect ${name}: ${relative(ROOT, folder)} needs it and it is not installed`);
    return;
  }
  if (lstatSync(link).isSymbolicLink()) copyLink(link);
  collect(realpathSync(link));
}

/** Where Node.js would look: in the package's own node_modules and in those of the folders above it. */
function findLink(folder, name) {
  for (let at = folder; at.length >= ROOT.length; at = dirname(at)) {
    const link = basename(at) === 'node_modules' ? join(at, name) : join(at, 'node_modules', name);
    if (existsSync(link)) return link;
  }
  return null;
}

function copyLink(link) {
  const place = placeOf(link);
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(readlinkSync(link), place);
}

function copy(source) {
  const isWanted = (path) => {
    const within = relative(source, path);
    return within === '' || !(within.split('/').includes('node_modules') || SUPERFLUOUS.test(`/${within}`));
  };
  cpSync(source, placeOf(source), { recursive: true, filter: isWanted, verbatimSymlinks: true });
}

function placeOf(path) {
  return join(target, relative(ROOT, path));
}
