import { describe, expect, test } from '@jest/globals';
import { BinaryStatus, Opcode } from '@shoal/protocol';
import { ClassCounter } from '@shoal/store';
import { ServerCounter } from '../server-counters.js';
import {
  countExtras,
  type Frame,
  frame,
  type Response,
  responses,
  storeExtras,
  uint32,
} from '../testing/binary-frames.js';
import { Conversation, makeWorker } from '../testing/conversation.js';
import { CloseReason, Outcome } from '../worker-context.js';

const worker = makeWorker({
  store: { itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024, memoryLimitBytes: 8 * 2 ** 20 },
});
const DO_NOT_CREATE = 0xffffffff;

let plays = 0;

/** Plays the frames whole, cut at every byte and byte by byte, each time with a key of its own; the responses must not differ. */
function ask(frames: (key: string) => readonly Frame[]): Response[] {
  const text = () => {
    const key = `key${(plays++).toString().padStart(6, '0')}`;
    return frames(key)
      .map((one) => frame(one))
      .join('');
  };
  const whole = withoutCas(new Conversation(worker).send(text()));
  const length = text().length;
  expect(withoutCas(new Conversation(worker).send(text(), 1))).toEqual(whole);
  for (let at = 1; at < length; at += Math.ceil(length / 200)) {
    expect(withoutCas(new Conversation(worker).sendCut(text(), at))).toEqual(whole);
  }
  return responses(new Conversation(worker).send(text()));
}

/** Keys and CAS numbers differ from play to play. */
function withoutCas(text: string): unknown[] {
  return responses(text).map(({ cas, key, ...rest }) => ({ ...rest, hasCas: cas !== 0n, keyLength: key.length }));
}

function statuses(list: Response[]): number[] {
  return list.map(({ status }) => status);
}

const set = (key: string, value: string, extras = storeExtras(0, 0)): Frame => ({
  opcode: Opcode.SET,
  key,
  value,
  extras,
});

describe('get', () => {
  test('get returns flags and value, getk the key as well, and the opaque comes back', () => {
    const [stored, got, gotKey] = ask((key) => [
      set(key, 'hello', storeExtras(0xdeadbeef, 0)),
      { opcode: Opcode.GET, key, opaque: 7 },
      { opcode: Opcode.GETK, key, opaque: 0xffffffff },
    ]);
    expect(stored).toMatchObject({ status: BinaryStatus.SUCCESS, value: '' });
    expect(got).toMatchObject({ opaque: 7, extras: 'deadbeef', key: '', value: 'hello', cas: stored.cas });
    expect(gotKey).toMatchObject({ opaque: 0xffffffff, extras: 'deadbeef', value: 'hello' });
    expect(gotKey.key).toMatch(/^key\d{6}$/);
  });

  test('a miss says so; getk returns the key; the quiet forms say nothing', () => {
    const list = ask((key) => [
      { opcode: Opcode.GET, key },
      { opcode: Opcode.GETK, key },
      { opcode: Opcode.GETQ, key },
      { opcode: Opcode.GETKQ, key },
      { opcode: Opcode.NOOP, opaque: 9 },
    ]);
    expect(list).toHaveLength(3);
    expect(list[0]).toMatchObject({ status: BinaryStatus.KEY_NOT_FOUND, value: 'Not found' });
    expect(list[1]).toMatchObject({ status: BinaryStatus.KEY_NOT_FOUND, value: '', extras: '' });
    expect(list[1].key).toMatch(/^key\d{6}$/);
    expect(list[2]).toMatchObject({ opcode: Opcode.NOOP, status: BinaryStatus.SUCCESS, opaque: 9 });
  });

  test('the quiet forms return hits', () => {
    const list = ask((key) => [set(key, 'x'), { opcode: Opcode.GETQ, key }, { opcode: Opcode.GETKQ, key }]);
    expect(list.map(({ value }) => value)).toEqual(['', 'x', 'x']);
  });

  test('touch, gat and gatk set the expiry, an unsigned number', () => {
    const list = ask((key) => [
      set(key, 'x', storeExtras(3, 0)),
      { opcode: Opcode.TOUCH, key, extras: uint32(100) },
      { opcode: Opcode.GAT, key, extras: uint32(0xffffffff) },
      { opcode: Opcode.GATK, key, extras: uint32(2592001) },
      { opcode: Opcode.GAT, key, extras: uint32(0) },
      { opcode: Opcode.GATQ, key, extras: uint32(0) },
      { opcode: Opcode.GATKQ, key, extras: uint32(0) },
      { opcode: Opcode.TOUCH, key, extras: uint32(0) },
    ]);
    expect(list.map(({ value }) => value)).toEqual(['', '', 'x', 'x', 'Not found', 'Not found']);
    expect(list[1]).toMatchObject({ status: BinaryStatus.SUCCESS, extras: '00000003', cas: list[0].cas });
    expect(list[3].key).toMatch(/^key/);
  });
});

describe('storage', () => {
  test('add and replace answer by what is there', () => {
    const list = ask((key) => [
      { opcode: Opcode.REPLACE, key, value: 'a', extras: storeExtras(0, 0) },
      { opcode: Opcode.ADD, key, value: 'b', extras: storeExtras(0, 0) },
      { opcode: Opcode.ADD, key, value: 'c', extras: storeExtras(0, 0) },
      { opcode: Opcode.REPLACE, key, value: 'd', extras: storeExtras(0, 0) },
      { opcode: Opcode.GET, key },
    ]);
    expect(statuses(list)).toEqual([
      BinaryStatus.KEY_NOT_FOUND,
      BinaryStatus.SUCCESS,
      BinaryStatus.KEY_EXISTS,
      BinaryStatus.SUCCESS,
      BinaryStatus.SUCCESS,
    ]);
    expect(list[4].value).toBe('d');
  });

  test('the quiet forms hide success and show errors', () => {
    const extras = storeExtras(0, 0);
    const list = ask((key) => [
      { opcode: Opcode.REPLACEQ, key, value: 'a', extras, opaque: 1 },
      { opcode: Opcode.SETQ, key, value: 'b', extras },
      { opcode: Opcode.ADDQ, key, value: 'c', extras, opaque: 2 },
      { opcode: Opcode.APPENDQ, key, value: 'd' },
      { opcode: Opcode.PREPENDQ, key, value: 'e' },
      { opcode: Opcode.GET, key, opaque: 3 },
      { opcode: Opcode.DELETEQ, key },
      { opcode: Opcode.DELETEQ, key, opaque: 4 },
    ]);
    expect(list.map(({ opaque }) => opaque)).toEqual([1, 2, 3, 4]);
    expect(list[2].value).toBe('ebd');
  });

  test('append and prepend keep flags and expiry, and need an item', () => {
    const list = ask((key) => [
      { opcode: Opcode.APPEND, key, value: 'x' },
      set(key, 'b', storeExtras(9, 0)),
      { opcode: Opcode.APPEND, key, value: 'c' },
      { opcode: Opcode.PREPEND, key, value: 'a' },
      { opcode: Opcode.GET, key },
    ]);
    expect(statuses(list)).toEqual([BinaryStatus.NOT_STORED, 0, 0, 0, 0]);
    expect(list[4]).toMatchObject({ extras: '00000009', value: 'abc' });
  });

  test('a named CAS number must be that of the item', () => {
    const conversation = new Conversation(worker);
    const [stored] = responses(conversation.send(frame(set('cas-key', 'a'))));
    const list = responses(
      conversation.send(
        [
          { ...set('cas-key', 'b'), cas: stored.cas + 1000n },
          { ...set('cas-key', 'c'), cas: stored.cas },
          { opcode: Opcode.DELETE, key: 'cas-key', cas: stored.cas },
          { ...set('no-such-key', 'd'), cas: 5n },
        ]
          .map((one) => frame(one))
          .join(''),
      ),
    );
    expect(statuses(list)).toEqual([
      BinaryStatus.KEY_EXISTS,
      BinaryStatus.SUCCESS,
      BinaryStatus.KEY_EXISTS,
      BinaryStatus.KEY_NOT_FOUND,
    ]);
    expect(list[1].cas).toBeGreaterThan(stored.cas);
  });

  test('the expiry of a set is an unsigned number', () => {
    const list = ask((key) => [set(key, 'x', storeExtras(0, 0xffffffff)), { opcode: Opcode.GET, key }]);
    expect(list[1].value).toBe('x');
  });

  test('stores are counted by class, refusals for size are not', () => {
    const counted = makeWorker({ store: { itemSizeMaxBytes: 1024, slabChunkMaxBytes: 1024 } });
    new Conversation(counted).send(frame(set('a', 'x')) + frame(set('b', 'y'.repeat(2000))));
    expect(counted.store.statistics.classTotal(ClassCounter.CMD_SET)).toBe(1);
    expect(counted.counters[ServerCounter.STORE_TOO_LARGE]).toBe(0);
  });

  test('a value too large is swallowed and drops the old one', () => {
    const list = ask((key) => [set(key, 'a'), set(key, 'y'.repeat(2000)), { opcode: Opcode.GET, key }]);
    expect(statuses(list)).toEqual([0, BinaryStatus.TOO_LARGE, BinaryStatus.KEY_NOT_FOUND]);
    expect(list[1].value).toBe('Too large.');
  });
});

describe('increment and decrement', () => {
  test('a missing counter is created with the initial value, unless the expiry forbids it', () => {
    const list = ask((key) => [
      { opcode: Opcode.INCREMENT, key, extras: countExtras(5n, 7n, DO_NOT_CREATE) },
      { opcode: Opcode.INCREMENT, key, extras: countExtras(5n, 7n, 0) },
      { opcode: Opcode.INCREMENT, key, extras: countExtras(5n, 7n, 0) },
      { opcode: Opcode.DECREMENT, key, extras: countExtras(100n, 0n, 0) },
      { opcode: Opcode.INCREMENTQ, key, extras: countExtras(3n, 0n, 0) },
      { opcode: Opcode.GET, key },
    ]);
    expect(list.map(({ value }) => value)).toEqual([
      'Not found',
      '\0\0\0\0\0\0\0\x07',
      '\0\0\0\0\0\0\0\x0c',
      '\0\0\0\0\0\0\0\0',
      '3 ',
    ]);
    expect(list[2].cas).not.toBe(list[1].cas);
  });

  test('a value that is no number is not counted', () => {
    const list = ask((key) => [set(key, 'x1'), { opcode: Opcode.INCREMENTQ, key, extras: countExtras(1n, 0n, 0) }]);
    expect(list[1]).toMatchObject({
      status: BinaryStatus.NON_NUMERIC,
      value: 'Non-numeric server-side value for incr or decr',
    });
  });
});

describe('frames', () => {
  test('quit answers and closes, quitq closes', () => {
    const asked = new Conversation(worker);
    expect(responses(asked.send(frame({ opcode: Opcode.QUIT })))).toMatchObject([{ status: 0 }]);
    const silent = new Conversation(worker);
    expect(silent.send(frame({ opcode: Opcode.QUITQ }))).toBe('');
    expect([asked.outcome, silent.outcome]).toEqual([Outcome.CLOSE, Outcome.CLOSE]);
    expect(silent.connection.closeReason).toBe(CloseReason.NORMAL);
  });

  test('lengths that do not fit the opcode are answered, and the connection ends', () => {
    const conversation = new Conversation(worker);
    const [answer] = responses(conversation.send(frame({ opcode: Opcode.GET, key: 'a', extras: uint32(1) })));
    expect(answer).toMatchObject({ status: BinaryStatus.INVALID_ARGUMENTS, value: 'Invalid arguments' });
    expect(conversation.outcome).toBe(Outcome.CLOSE);
    expect(conversation.connection.closeReason).toBe(CloseReason.ERROR);
  });

  test('an unknown opcode is answered once its body has been thrown away', () => {
    const list = ask((key) => [
      { opcode: 0x77, value: 'some body', opaque: 5 },
      { opcode: Opcode.GET, key },
    ]);
    expect(statuses(list)).toEqual([BinaryStatus.UNKNOWN_COMMAND, BinaryStatus.KEY_NOT_FOUND]);
  });

  test('a binary connection that sends another magic byte is closed', () => {
    const conversation = new Conversation(worker);
    conversation.send(frame({ opcode: Opcode.NOOP }));
    expect(conversation.send('get a\r\n'.padEnd(24))).toBe('');
    expect(conversation.outcome).toBe(Outcome.CLOSE);
  });
});
