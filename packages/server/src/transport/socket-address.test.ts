import { isIPv6 } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Endpoint, Family } from '../connection-table.js';
import { formatIpv6, parseIpv6, readSocketAddress, writeSocketAddress } from './socket-address.js';

const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
const port = fc.nat(65_535);

function roundTrip(endpoint: Endpoint): Endpoint {
  const view = new DataView(new ArrayBuffer(128));
  writeSocketAddress(view, endpoint);
  return readSocketAddress(view);
}

test('what is written is what is read: IPv4', () => {
  fc.assert(
    fc.property(fc.ipV4(), port, (address, number) => {
      const endpoint = { family: Family.IPV4, address, port: number };
      expect(roundTrip(endpoint)).toEqual(endpoint);
    }),
  );
});

test('what is written is what is read: IPv6, in its canonical form', () => {
  fc.assert(
    fc.property(groups, port, (numbers, number) => {
      const endpoint = { family: Family.IPV6, address: formatIpv6(numbers), port: number };
      expect(isIPv6(endpoint.address)).toBe(true);
      expect(roundTrip(endpoint)).toEqual(endpoint);
      expect(parseIpv6(endpoint.address)).toEqual(numbers);
    }),
  );
});

test.each([
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
  ['2001:db8::1:0:0:1', [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
  ['1:0:2:3:4:5:6:7', [1, 0, 2, 3, 4, 5, 6, 7]],
  ['::ffff:10.0.0.255', [0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x00ff]],
])('%s is canonical', (text, numbers) => {
  expect(formatIpv6(numbers)).toBe(text);
  expect(parseIpv6(text)).toEqual(numbers);
});

test('the length of a unix address counts its path and the end mark', () => {
  const view = new DataView(new ArrayBuffer(128));
  expect(writeSocketAddress(view, { family: Family.UNIX, address: '/tmp/é', port: 0 })).toBe(2 + 7 + 1);
  expect(readSocketAddress(view)).toEqual({ family: Family.UNIX, address: '', port: 0 });
});

test('a shorter address leaves nothing of a longer one behind', () => {
  const view = new DataView(new ArrayBuffer(128));
  writeSocketAddress(view, { family: Family.IPV6, address: 'ffff::ffff', port: 1 });
  writeSocketAddress(view, { family: Family.IPV6, address: '::', port: 0 });
  expect(readSocketAddress(view)).toEqual({ family: Family.IPV6, address: '::', port: 0 });
});
