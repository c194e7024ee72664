/*
 * Which Node.js versions Shoal runs on. Called by shoal.js before anything else, so in the syntax of 2009.
 * Keep in step with "engines" in package.json: a test compares them.
 */
/* biome-ignore-all lint: the syntax is old on purpose */
'use strict';

var NEEDED = '20 (from 20.19 on), 22 (from 22.12 on) or 24 and newer';

exports.isSupported = function (version) {
  var parts = version.replace(/^v/, '').split('.');
  var major = Number(parts[0]);
  var minor = Number(parts[1]);
  if (major === 20) return minor >= 19;
  if (major === 22) return minor >= 12;
  return major >= 24;
};

/* One line that names the version found and those needed, or null. */
exports.problemWith = function (version, path) {
  if (exports.isSupported(version)) return null;
  return 'Shoal needs Node.js ' + NEEDED + '. This is ' + version + ' (' + path + ').';
};
