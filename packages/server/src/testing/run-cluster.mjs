/*
 * A primary of node:cluster for cluster-worker.test.ts: one worker for each of the options given as JSON, each of which is
 * a whole server. Tells its parent of every worker's process id and end, as a line of JSON each.
 */
import cluster from 'node:cluster';
import { runServer } from '../../dist/main.js';

const tell = (news) => process.stderr.write(`${JSON.stringify(news)}\n`);

if (cluster.isPrimary) {
  for (const options of JSON.parse(process.argv[2])) {
    const worker = cluster.fork({ SERVER_OPTIONS: JSON.stringify(options) });
    worker.on('online', () => tell({ online: worker.process.pid }));
    worker.on('exit', (code, signal) => tell({ exited: worker.process.pid, code, signal }));
  }
} else {
  const exitCode = await runServer(JSON.parse(process.env.SERVER_OPTIONS));
  process.exit(exitCode);
}
