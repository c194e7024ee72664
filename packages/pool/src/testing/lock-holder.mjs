/*
 * A process for data-directory.test.ts: opens the data directory given to it, prints `<pid> holds` or the code of the
 * error, and holds it until it is killed or its input ends.
 */
import { openDataDirectory } from '../../dist/data-directory.js';

try {
  await openDataDirectory(process.argv[2]);
  process.stdout.write(`${process.pid} holds\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
} catch (error) {
  process.stdout.write(`${error.code}\n`);
}
