/*
 * A daemon for tests, reduced to its process driver: starts the nodes that its second argument lists as JSON, in the data
 * directory of its first, tells on standard output that they run, and stays until it is killed.
 */
import { ProcessDriver } from '../../dist/drivers/process.js';

const [, , dataDir, launches] = process.argv;
const driver = new ProcessDriver({ dataDir });
await driver.open(() => {});
await Promise.all(JSON.parse(launches).map((launch) => driver.start(launch)));
process.stdout.write('running\n');
