import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionState, ConnectionTable, type Endpoint, Family, shareConnectionTable } from './connection-table.js';

const CLIENT: Endpoint = { family: Family.IPV4, address: '127.0.0.1', port: 40_112 };
const SERVER: Endpoint = { family: Family.IPV4, address: '127.0.0.1', port: 11_211 };

function makeTable(capacity: number, unixSocket: string | null = null): ConnectionTable {
  return new ConnectionTable(shareConnectionTable({ capacity, unixSocket }));
}

function open(table: ConnectionTable, peer = CLIENT, local = SERVER): number {
  const row = table.claim();
  table.open(row, { worker: 1, descriptor: 30, peer, local, nowSeconds: 70 });
  return row;
}

test('rows are taken from the front, and the lowest free one first', () => {
  const table = makeTable(4);
  expect([open(table), open(table), open(table)]).toEqual([0, 1, 2]);
  table.release(1);
  table.release(0);
  expect([open(table), open(table), open(table)]).toEqual([0, 1, 3]);
});

test('a claim finds no row when the table is full, and one again when somebody has left', () => {
  const table = makeTable(2);
  open(table);
  open(table);
  expect(table.isFull()).toBe(true);
  expect(table.claim()).toBe(-1);
  table.release(1);
  expect(table.isFull()).toBe(false);
  expect(table.claim()).toBe(1);
});

test('any order of claims and releases keeps the count and never gives a row twice', () => {
  const capacity = 8;
  fc.assert(
    fc.property(fc.array(fc.nat(capacity)), (steps) => {
      const table = makeTable(capacity);
      const taken = new Set<number>();
      for (const step of steps) {
        if (taken.has(step)) {
          table.release(step);
          taken.delete(step);
        } else {
          const row = table.claim();
          if (row < 0) expect(taken.size).toBe(capacity);
          else expect(taken.has(row)).toBe(false);
          if (row >= 0) taken.add(row);
        }
        expect(table.used()).toBe(taken.size);
      }
    }),
  );
});

test('a client shows both ends of its connection, its worker, its state and its last command', () => {
  const table = makeTable(2);
  const row = open(table);
  expect(table.address(row)).toBe('tcp:127.0.0.1:40112');
  expect(table.listenAddress(row)).toBe('tcp:127.0.0.1:11211');
  expect(table.peer(row)).toEqual(CLIENT);
  expect([table.worker(row), table.descriptor(row), table.state(row), table.lastCommandSeconds(row)]).toEqual([
    1,
    30,
    ConnectionState.READ,
    70,
  ]);
  table.markState(row, ConnectionState.NREAD);
  table.markCommand(row, 75);
  expect([table.state(row), table.lastCommandSeconds(row)]).toEqual([ConnectionState.NREAD, 75]);
});

test('the longest IPv6 address fits', () => {
  const table = makeTable(1);
  const peer = { family: Family.IPV6, address: 'fd00:1111:2222:3333:4444:5555:6666:7777', port: 65_535 };
  const row = open(table, peer);
  expect(table.address(row)).toBe('tcp6:[fd00:1111:2222:3333:4444:5555:6666:7777]:65535');
  expect(table.peer(row)).toEqual(peer);
});

test('a listener shows where it listens and nothing else', () => {
  const table = makeTable(1);
  const row = table.claim();
  table.openListener(row, { descriptor: 5, local: SERVER, nowSeconds: 62 });
  expect(table.isUsed(row)).toBe(true);
  expect(table.state(row)).toBe(ConnectionState.LISTENING);
  expect(table.address(row)).toBe('tcp:127.0.0.1:11211');
  expect(table.listenAddress(row)).toBe('');
});

test('a unix listener shows its path, its clients have no name', () => {
  const path = `/tmp/${'x'.repeat(90)}`;
  const table = makeTable(2, path);
  const listener = table.claim();
  table.openListener(listener, {
    descriptor: 5,
    local: { family: Family.UNIX, address: path, port: 0 },
    nowSeconds: 62,
  });
  const nameless = { family: Family.UNIX, address: '', port: 0 };
  const client = open(table, nameless, nameless);
  expect(table.address(listener)).toBe(`unix:${path}`);
  expect(table.address(client)).toBe('?:<AF 0>');
  expect(table.listenAddress(client)).toBe(`unix:${path}`);
  expect(table.peer(client)).toEqual(nameless);
});

test('connection structures are the most rows ever used', () => {
  const table = makeTable(4);
  open(table);
  table.release(open(table));
  expect([table.used(), table.structures()]).toEqual([1, 2]);
});

test('a row that is claimed but not described yet counts as unused', () => {
  const table = makeTable(1);
  const row = table.claim();
  expect(table.isUsed(row)).toBe(false);
});
