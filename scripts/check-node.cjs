/*
 * Refuses a Node.js that is too old, by name, before anything else is parsed or installed. Preloaded (node -r) by
 * every script of the root package.json, and so by the two README commands. In the syntax of 2009, like the check
 * that it shares with the shoal command, because the old Node.js that it refuses has to be able to read it.
 */
/* biome-ignore-all lint: the syntax is old on purpose */
'use strict';

var problem = require('../packages/cli/bin/node-version.js').problemWith(process.version, process.execPath);
if (problem) {
  console.error(problem);
  process.exit(1);
}
