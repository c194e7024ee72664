/*
 * `node scripts/failed-tests.js REPORT…`: what failed in runs of jest, by their reports as jest writes them with --json: the file, the
 * test and how its message begins. For the end of a long log, of which only the end may be kept. Called by .ci/run.
 *
 * The name of a report is that of its run. One that is missing is a run that ended before jest could write it.
 */
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';

const MESSAGE_LINES = 6;
/** Many that fail together fail for one reason, mostly. */
const TOLD_MAX = 40;

for (const path of process.argv.slice(2)) tell(basename(path, '.json'), path);

function tell(run, path) {
  const report = readReport(path);
  if (report === null) return console.log(`FAILED ${run}: it wrote no report`);
  const failures = report.testResults.flatMap(failuresOf);
  if (failures.length === 0) console.log(`FAILED ${run}: not one test did, but the run ended with an error`);
  for (const { where, message } of failures.slice(0, TOLD_MAX)) {
    console.log(`FAILED ${run}: ${where}`);
    for (const line of beginning(message)) console.log(`       ${line}`);
  }
  if (failures.length > TOLD_MAX) console.log(`FAILED ${run}: and ${failures.length - TOLD_MAX} more`);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** A file that cannot be loaded, or a hook that fails outside of any test, has a message of its own. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [{ where: file, message }] : [];
  return failed.map(({ fullName, failureMessages }) => ({
    where: `${file}: ${fullName}`,
    message: failureMessages[0] ?? '',
  }));
}

function beginning(message) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: jest colours its messages with them
  const lines = message.replace(/\u001b\[\d+m/g, '').split('\n');
  return lines.filter((line) => line.trim() !== '' && !/^\s+at .*node_modules/.test(line)).slice(0, MESSAGE_LINES);
}
