#!/usr/bin/env node
/*
 * The `shoal` command. Refuses a Node.js that is too old, by name, before it reads anything modern, then hands over to
 * dist. CommonJS in the syntax of 2009 (bin/package.json says so), because the old Node.js has to be able to read it.
 */
/* biome-ignore-all lint: the syntax is old on purpose */
'use strict';

var nodeVersion = require('./node-version.js');

var EXIT_UNAVAILABLE = 69;

var problem = nodeVersion.problemWith(process.version, process.execPath);
if (problem) {
  console.error(problem);
  process.exit(EXIT_UNAVAILABLE);
} else {
  require('./launch.js');
}
