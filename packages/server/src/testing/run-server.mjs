/* A server process for main.test.ts: the options come as JSON, the exit code is runServer's. */
import { runServer } from '../../dist/main.js';

process.exitCode = await runServer(JSON.parse(process.argv[2]));
