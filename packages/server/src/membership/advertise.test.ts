import { expect, test } from '@jest/globals';
import { findAddresses } from './addresses.js';
import { parseAdvertised, parsePoolAddress } from './advertise.js';

test.each([
  ['cache-1.example:11211', null, 'cache-1.example', 11_211],
  ['10.0.0.7:1', null, '10.0.0.7', 1],
  ['Cache.Example:65535', null, 'cache.example', 65_535],
  ['11311=out.example:5', 11_311, 'out.example', 5],
])('%s is an address to advertise', (text, listener, host, port) => {
  expect(parseAdvertised(text)).toEqual({ listener, host, port });
});

test.each([
  '',
  'host',
  ':5',
  'host:',
  'host:0',
  'host:65536',
  '0=h:5',
  '65536=h:5',
  '=h:5',
  'x=h:5',
  'a_b:5',
  '[::1]:5',
])('%j is none', (text) => {
  expect(parseAdvertised(text)).toBeNull();
});

test('a pool may be named by host, by IPv4 and by IPv6, with its port', () => {
  expect(parsePoolAddress('pool:11210')).toEqual({ host: 'pool', port: 11_210 });
  expect(parsePoolAddress('my_project_pool_1:1')).toEqual({ host: 'my_project_pool_1', port: 1 });
  expect(parsePoolAddress('[fd00::1]:2')).toEqual({ host: 'fd00::1', port: 2 });
  for (const text of ['', 'pool', 'pool:', 'pool:0', '::1:5', '[x]:5', 'http://pool:1']) {
    expect(parsePoolAddress(text)).toBeNull();
  }
});

test('a name that nobody knows, or that means this machine alone, is shown with the address of the interface', async () => {
  for (const host of ['no-such-host.invalid', 'localhost']) {
    const found = await findAddresses({ advertise: [`${host}:5`], port: 1, interfaceIp: '10.1.2.3' });
    expect(found.address).toEqual({ hostname: host, ip: '10.1.2.3', port: 5 });
  }
});

test('an address that was asked for is shown as it is, a loopback one too', async () => {
  const found = await findAddresses({ advertise: ['127.0.0.1:5'], port: 1, interfaceIp: '10.1.2.3' });
  expect(found.address).toEqual({ hostname: '127.0.0.1', ip: '127.0.0.1', port: 5 });
});
