/**
 * Every hashing that `shoal ring` knows, in the order it prints them.
 */
import { DALLI } from './dalli.js';
import type { Hashing } from './hashing.js';
import { LIBMEMCACHED, SHOAL } from './libmemcached.js';
import { NPM_MEMCACHED } from './npm-memcached.js';
import { PYMEMCACHE } from './pymemcache.js';
import { MEMJS, SPYMEMCACHED, SPYMEMCACHED_KETAMA } from './string-hash.js';

export const HASHINGS: readonly Hashing[] = [
  SHOAL,
  LIBMEMCACHED,
  NPM_MEMCACHED,
  MEMJS,
  PYMEMCACHE,
  DALLI,
  SPYMEMCACHED,
  SPYMEMCACHED_KETAMA,
];
