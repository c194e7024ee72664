/*
 * The one direction of the packages: who may import whom, and through which door. A line a package; what a package's
 * line does not name, it may not import. Within a package any file may import any other, as long as no circle closes.
 * docs/architecture.md tells the reasons; layers.test.ts holds the sources to it.
 */
import { posix } from 'node:path';
import { type Import, importsOf } from './imports.js';
import { packageOf, type SourceFile, servesTests } from './source-file.js';

/** `types` means `import type` only; `any` means every door the package has. */
type Grant = 'any' | 'types' | readonly string[];

const ANY: Readonly<Record<string, Grant>> = {
  protocol: 'any',
  store: 'any',
  server: 'any',
  client: 'any',
  router: 'any',
  pool: 'any',
  cli: 'any',
};

export const LAYERS: Readonly<Record<string, Readonly<Record<string, Grant>>>> = {
  protocol: {},
  store: {},
  server: { protocol: 'any', store: 'any' },
  client: { protocol: 'any' },
  router: { protocol: 'any', client: 'any' },
  pool: { protocol: 'any', client: 'any', router: 'any', server: ['@shoal/server/main'] },
  cli: {
    protocol: 'types',
    server: ['@shoal/server/main', '@shoal/server/options', '@shoal/server/option-checks'],
    client: 'any',
    router: 'any',
    pool: ['@shoal/pool/main', '@shoal/pool/api-client'],
  },
  dashboard: { pool: 'types' },
  e2e: ANY,
  bench: ANY,
};

/** Bytes in, bytes out: these read no clock, open nothing and log nothing, so they import no other code at all. */
const PURE_PACKAGES: readonly string[] = ['protocol', 'store'];

const SCOPE = '@shoal/';

export function layerProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap((found) => {
      const problem = found.specifier.startsWith('.') ? strayProblem(file, found) : packageProblem(file, found);
      return problem === null ? [] : [`${file.path} imports ${found.specifier}: ${problem}`];
    }),
  );
}

/** A relative import names the compiled file, and stays in src; tests of worker threads go to the built dist too. */
function strayProblem(file: SourceFile, { specifier }: Import): string | null {
  if (!specifier.endsWith('.js')) return 'a relative import ends in .js';
  const folder = file.path.slice(0, file.path.indexOf('/src/'));
  const target = resolveRelative(file, specifier);
  if (target.startsWith(`${folder}/src/`)) return null;
  if (!target.startsWith(`${folder}/`)) return 'another package is imported by its name';
  return servesTests(file) ? null : 'only tests leave src';
}

function packageProblem(file: SourceFile, found: Import): string | null {
  const importer = packageOf(file.path);
  if (!found.specifier.startsWith(SCOPE)) {
    const foreign = PURE_PACKAGES.includes(importer) && !servesTests(file) && !found.typeOnly;
    return foreign ? `${importer} is pure and imports nothing from outside` : null;
  }
  const imported = found.specifier.slice(SCOPE.length).split('/')[0];
  if (imported === importer) return servesTests(file) ? null : 'a package does not import itself by name';
  const grant = LAYERS[importer]?.[imported];
  if (grant === undefined) return `${importer} may not import ${imported}`;
  if (grant === 'any' || found.typeOnly) return null;
  if (grant === 'types') return `${importer} may import types of ${imported} only`;
  return grant.includes(found.specifier) ? null : `${importer} may import ${grant.join(' and ')} only`;
}

/** Every circle of imports among the files, each told once, as a walk that ends where it began. */
export function fileCycles(files: readonly SourceFile[]): string[] {
  return cyclesIn(new Map(files.map((file) => [file.path, relativeTargets(file)])));
}

/** The same among packages, by what their sources import and not by what package.json says. */
export function packageCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, Set<string>>();
  for (const file of files.filter((each) => !servesTests(each))) {
    const importer = packageOf(file.path);
    const imported = importsOf(file).filter(({ specifier }) => specifier.startsWith(SCOPE));
    const known = edges.get(importer) ?? new Set();
    edges.set(importer, known);
    for (const { specifier } of imported) known.add(specifier.slice(SCOPE.length).split('/')[0]);
  }
  return cyclesIn(edges);
}

function relativeTargets(file: SourceFile): string[] {
  const relatives = importsOf(file).filter(({ specifier }) => specifier.startsWith('.'));
  return relatives.map(({ specifier }) => resolveRelative(file, specifier).replace(/\.js$/, '.ts'));
}

function resolveRelative(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier);
}

/** Depth first: an edge back to a node that is still on the current path closes a circle. */
function cyclesIn(edges: ReadonlyMap<string, Iterable<string>>): string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const walk = (node: string): void => {
    const start = path.indexOf(node);
    if (start !== -1) cycles.push([...path.slice(start), node].join(' → '));
    if (start !== -1 || finished.has(node)) return;
    path.push(node);
    for (const next of edges.get(node) ?? []) walk(next);
    path.pop();
    finished.add(node);
  };
  for (const node of edges.keys()) walk(node);
  return cycles;
}
