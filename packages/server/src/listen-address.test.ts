import { expect, test } from '@jest/globals';
import { parseListenAddress } from './listen-address.js';

test.each([
  ['127.0.0.1', '127.0.0.1', null],
  ['127.0.0.1:11212', '127.0.0.1', 11212],
  ['localhost:0', 'localhost', 0],
  ['cache-1.example.com', 'cache-1.example.com', null],
  ['*', null, null],
  ['*:1', null, 1],
  ['::1', '::1', null],
  ['[::1]', '::1', null],
  ['[::1]:65535', '::1', 65_535],
  ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
  ['2001:db8::7', '2001:db8::7', null],
])('%s is an address', (text, host, port) => {
  expect(parseListenAddress(text)).toEqual({ host, port });
});

test.each([
  '',
  ' ',
  'a b',
  'host:',
  'host:x',
  'host:65536',
  'host:-1',
  '[::1',
  '[::1]x',
  '[]:1',
  'notls:127.0.0.1:1',
  '**',
])('%j is none', (text) => {
  expect(parseListenAddress(text)).toBeNull();
});
