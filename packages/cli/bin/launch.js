/*
 * Loads the built program and runs it. A file of its own, because this syntax is unreadable to the Node.js versions that
 * shoal.js refuses. The exit code is set, not forced: output that is still on its way to a pipe leaves first.
 */
'use strict';

const EXIT_SOFTWARE = 70;

async function launch() {
  const { main, processContext } = await import('../dist/index.js');
  process.exitCode = await main(processContext());
}

launch().catch((error) => {
  const notBuilt = error.code === 'ERR_MODULE_NOT_FOUND';
  console.error(notBuilt ? `Cannot load Shoal, is it built (npm run build)? ${error.message}` : error);
  process.exit(EXIT_SOFTWARE);
});
