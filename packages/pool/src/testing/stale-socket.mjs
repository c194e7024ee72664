/**
 * Listens on the unix socket that its argument names, says so, and waits to be killed: then the file stays behind.
 *
 * Started by the tests of the API's socket.
 */
import { createServer } from 'node:net';

createServer().listen(process.argv[2], () => process.send('listening'));
