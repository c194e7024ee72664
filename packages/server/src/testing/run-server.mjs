/*
 * A server process for main.test.ts: the options come as JSON, the exit code is runServer's. On SIGUSR2 the thread
 * numbered by KILL_THREAD ends: 0 is the maintenance thread, workers follow.
 */
import { runServer } from '../../dist/main.js';

const threads = [];
process.on('worker', (thread) => threads.push(thread));
process.on('SIGUSR2', () => threads[Number(process.env.KILL_THREAD)].terminate());
process.exitCode = await runServer(JSON.parse(process.argv[2]));
