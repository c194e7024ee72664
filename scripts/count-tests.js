/*
 * Reads reports that jest has written with --json, for .ci/run.
 *
 *   node scripts/count-tests.js --files REPORT               the test files that failed, if they are few, a line each
 *   node scripts/count-tests.js STATUS REPORT [STATUS AGAIN] passed, failed and skipped tests, on one line
 *
 * AGAIN is the report of a second try of the files that failed in REPORT: their tests count as the second try says. What fails
 * without a test failing (a file that does not load, a run that ends before its report) counts as one failure.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** More files than this do not fail by chance. */
const FEW = 4;

if (process.argv[2] === '--files') console.log(fewFailedFiles(process.argv[3]).join('\n'));
else console.log(counts(...process.argv.slice(2)).join(' '));

function filesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function fewFailedFiles(path) {
  const failed = filesOf(path).filter(({ status }) => status === 'failed');
  return failed.length > FEW ? [] : failed.map(({ name }) => relative(process.cwd(), name));
}

function counts(status, path, statusAgain, pathAgain) {
  const hasSecondTry = pathAgain !== undefined;
  const first = filesOf(path).filter((file) => !hasSecondTry || file.status !== 'failed');
  const files = hasSecondTry ? [...first, ...filesOf(pathAgain)] : first;
  const tests = files.flatMap(({ assertionResults }) => assertionResults.map((test) => test.status));
  const of = (...kinds) => tests.filter((kind) => kinds.includes(kind)).length;
  const isGreen = (hasSecondTry ? statusAgain : status) === '0';
  return [
    of('passed'),
    isGreen ? of('failed') : Math.max(of('failed'), 1),
    of('pending', 'todo', 'skipped', 'disabled'),
  ];
}
