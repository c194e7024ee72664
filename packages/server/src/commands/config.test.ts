import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { LEGACY_CLUSTER_KEY } from '../config-table.js';
import { beginConfigSet } from '../config-upload.js';
import { AdminWorker } from '../testing/admin-worker.js';

const LIST =
  '12\n' +
  'myCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 ' +
  'myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n';

function withList(): AdminWorker {
  const desk = new AdminWorker();
  expect(desk.ask(`config set cluster 0 ${LIST.length}\r\n${LIST}\r\n`)).toBe('STORED\r\n');
  return desk;
}

describe('config in text', () => {
  test('answers the example of the documentation byte for byte', () => {
    expect(withList().ask('config get cluster\r\n')).toBe(`CONFIG cluster 0 136\r\n${LIST}\r\nEND\r\n`);
  });

  test.each(['config get cluster \r\n', 'config get cluster\n', 'config  get  cluster  \n'])(
    'takes %j as clients send it',
    (command) => {
      expect(withList().ask(command)).toBe(`CONFIG cluster 0 136\r\n${LIST}\r\nEND\r\n`);
    },
  );

  test('answers END for a configuration that is not there', () => {
    expect(new AdminWorker().ask('config get cluster\r\n')).toBe('END\r\n');
  });

  test('keeps flags and the bytes of a value as they are', () => {
    const desk = new AdminWorker();
    const value = 'a\r\nEND\r\n\u0000\u00ff';
    desk.ask(`config set other 4294967295 ${value.length}\r\n${value}\r\n`);
    expect(desk.ask('config get other\r\n')).toBe(`CONFIG other 4294967295 ${value.length}\r\n${value}\r\nEND\r\n`);
  });

  test('deletes what is there and says when nothing is', () => {
    const desk = withList();
    expect(desk.ask('config delete cluster\r\n')).toBe('DELETED\r\n');
    expect(desk.ask('config delete cluster\r\n')).toBe('NOT_FOUND\r\n');
    expect(desk.ask('config get cluster\r\n')).toBe('END\r\n');
  });

  test('is silent with noreply', () => {
    const desk = new AdminWorker();
    expect(desk.ask('config set cluster 0 1 noreply\r\nx\r\n')).toBe('');
    expect(desk.ask('config get cluster\r\n')).toBe('CONFIG cluster 0 1\r\nx\r\nEND\r\n');
    expect(desk.ask('config delete cluster noreply\r\n')).toBe('');
    expect(desk.ask('config get cluster\r\n')).toBe('END\r\n');
  });

  test('refuses a value without its line end and one that is too large', () => {
    const desk = new AdminWorker();
    expect(desk.ask('config set cluster 0 2\r\nabcd')).toBe('CLIENT_ERROR bad data chunk\r\n');
    expect(desk.ask('config set cluster 0 65537\r\n')).toBe('SERVER_ERROR object too large for cache\r\n');
    expect(desk.ask('config get cluster\r\n')).toBe('END\r\n');
  });

  test('refuses a seventeenth configuration', () => {
    const desk = new AdminWorker();
    for (let i = 0; i < 16; i++) expect(desk.ask(`config set c${i} 0 1\r\nx\r\n`)).toBe('STORED\r\n');
    expect(desk.ask('config set c16 0 1\r\nx\r\n')).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(desk.ask('config set c3 0 1\r\ny\r\n')).toBe('STORED\r\n');
  });

  test('takes a value of the largest size in any pieces', () => {
    const desk = new AdminWorker();
    const { worker } = desk;
    const value = Buffer.alloc(65_536, 'v');
    const block = Buffer.concat([value, Buffer.from('\r\nnext')]);
    desk.ask('config set cluster 0 1\r\nx\r\n');
    worker.request.valueBytes = value.length;
    const upload = beginConfigSet(worker);
    if (upload === null) throw new Error('Cannot upload: refused');
    let at = 0;
    for (let step = 1; !upload.isComplete; step += 997) at += upload.take(block, at, Math.min(at + step, block.length));
    expect(at).toBe(value.length + 2);
    worker.output.at = 0;
    upload.finish(worker);
    expect(Buffer.from(worker.output.slice()).toString()).toBe('STORED\r\n');
    expect(desk.ask('config get cluster\r\n')).toHaveLength('CONFIG cluster 0 65536\r\n'.length + 65_536 + 7);
  });

  test('set removes an item that hides the list under its old name', () => {
    const desk = new AdminWorker();
    desk.put(Buffer.from(LEGACY_CLUSTER_KEY).toString(), 'stale');
    desk.put('bystander', 'x');
    desk.ask('config set cluster 0 1\r\nx\r\n');
    expect(desk.stats('stats').get('curr_items')).toBe('1');
  });
});

describe('config in binary', () => {
  const KEY = 'cluster';

  test('answers a get with four bytes of flags and the list', () => {
    const desk = withList();
    const [response] = desk.askBinary({ opcode: Opcode.CONFIG_GET, key: KEY });
    expect(response).toMatchObject({ opcode: 0x60, status: 0, key: '', value: LIST, cas: 1n });
    expect([...response.extras]).toEqual([0, 0, 0, 0]);
  });

  test('answers with the key where it is asked for, and takes an empty key for the cluster', () => {
    const desk = withList();
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GETK, key: KEY })).toMatchObject([{ key: KEY, value: LIST }]);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GET })).toMatchObject([{ key: '', value: LIST }]);
  });

  test('misses with not found, and quietly in the quiet forms', () => {
    const desk = new AdminWorker();
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GET, key: KEY })).toMatchObject([{ status: 1, value: 'Not found' }]);
    for (const opcode of [Opcode.CONFIG_GETQ, Opcode.CONFIG_GETKQ])
      expect(desk.askBinary({ opcode, key: KEY })).toEqual([]);
  });

  test('sets with flags alone as extras and answers the CAS, or nothing in the quiet form', () => {
    const desk = new AdminWorker();
    const set = { opcode: Opcode.CONFIG_SET, key: KEY, extras: [0, 0, 0, 7], value: LIST };
    expect(desk.askBinary(set)).toMatchObject([{ opcode: 0x64, status: 0, cas: 1n, value: '' }]);
    expect(desk.askBinary({ ...set, opcode: Opcode.CONFIG_SETQ, value: 'new' })).toEqual([]);
    const [response] = desk.askBinary({ opcode: Opcode.CONFIG_GETQ, key: KEY });
    expect([...response.extras]).toEqual([0, 0, 0, 7]);
    expect(response).toMatchObject({ value: 'new', cas: 2n });
  });

  test('sets over a given CAS only', () => {
    const desk = withList();
    const set = { opcode: Opcode.CONFIG_SET, key: KEY, extras: [0, 0, 0, 0], value: 'new' };
    expect(desk.askBinary({ ...set, cas: 9n })).toMatchObject([{ status: 2, value: 'Data exists for key.' }]);
    expect(desk.askBinary({ ...set, key: 'other', cas: 9n })).toMatchObject([{ status: 1, value: 'Not found' }]);
    expect(desk.askBinary({ ...set, cas: 1n })).toMatchObject([{ status: 0, cas: 2n }]);
  });

  test('deletes, and lists the names that are left', () => {
    const desk = withList();
    desk.ask('config set other 0 1\r\nx\r\n');
    const list = () => desk.askBinary({ opcode: Opcode.CONFIG_LIST }).map(({ key }) => key);
    expect(list()).toEqual(['cluster', 'other', '']);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_DELETE, key: KEY })).toMatchObject([{ opcode: 0x66, status: 0 }]);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_DELETE, key: KEY })).toMatchObject([{ status: 1 }]);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_DELETEQ, key: 'other' })).toEqual([]);
    expect(list()).toEqual(['']);
  });
});
