// A router as a process of its own, so that its CPU is its own.
// `node bench/dist/router/endpoint.js PORT...` routes to nodes at 127.0.0.1 and prints the port it listens on.
// Started by endpoint-process.ts, ended by a signal.
import { ROUTER_DEFAULTS, startRouter } from '@shoal/router';

const HOST = '127.0.0.1';
const nodes = process.argv.slice(2).map((port) => ({ hostname: HOST, ip: HOST, port: Number(port) }));
const router = await startRouter({
  ...ROUTER_DEFAULTS,
  listen: [{ host: HOST, port: 0 }],
  topology: { config: { version: 1, nodes } },
});
process.stdout.write(`${router.addresses[0].port}\n`);
