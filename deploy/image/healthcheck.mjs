/*
 * The HEALTHCHECK of the image: whether what runs here answers `version` on the port that clients use, be it a node or the
 * endpoint of a pool. The port is SHOAL_HEALTHCHECK_PORT, else that of the node's own variable, else 11211.
 */
import { connect } from 'node:net';

const DEADLINE_MS = 2000;
const { SHOAL_HEALTHCHECK_PORT, SHOAL_OPT_PORT } = process.env;
const port = Number(SHOAL_HEALTHCHECK_PORT || SHOAL_OPT_PORT || 11211);

function end(problem) {
  if (problem !== null) console.error(`Port ${port}: ${problem}`);
  process.exit(problem === null ? 0 : 1);
}

setTimeout(() => end('no answer in time'), DEADLINE_MS);
const socket = connect({ host: '127.0.0.1', port }, () => socket.write('version\r\n'));
socket.on('data', (answer) => end(answer.toString().startsWith('VERSION ') ? null : `answered ${answer}`));
socket.on('error', ({ message }) => end(message));
socket.on('end', () => end('closed the connection'));
