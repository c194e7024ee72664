/* A worker that says it serves and ends at the first order: by an error, or just so. For workers.test.ts. */
import { parentPort, workerData } from 'node:worker_threads';

parentPort.postMessage({ kind: 'ready', endpoints: [] });
if (workerData.parts.fails === 'with an error') throw new Error('it broke');
if (workerData.parts.fails === 'silently') process.exit(3);
// Stays until it is terminated.
setInterval(() => {}, 60_000);
