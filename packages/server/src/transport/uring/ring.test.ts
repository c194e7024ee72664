/** A ring of this kernel, and sockets: skipped by name where io_uring is not allowed. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeInputMemory, RING_BUFFER_BYTES, RING_BUFFERS, ringBufferAt } from '../../input-memory.js';
import { QUEUED_REPLIES_BYTES, ReplyWriter } from '../../reply-writer.js';
import {
  AF_UNIX,
  EAGAIN,
  ECANCELED,
  EPOLLIN,
  type Libc,
  loadLibc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../libc.js';
import { ReplyRoom } from '../reply-room.js';
import { IORING_CQE_BUFFER_SHIFT, IORING_CQE_F_MORE } from './abi.js';
import { GROUP, InputBuffers } from './input-buffers.js';
import { Ring } from './ring.js';
import { whyNoUring } from './self-test.js';

const { libc: loaded } = await loadLibc();
const absence = loaded === null ? 'no libc' : whyNoUring(loaded);
const describeWithUring = absence === '' ? describe : describe.skip;
const libc = loaded as Libc;
const ETIME = 62;
const input = makeInputMemory();

interface Completion {
  readonly kind: number;
  readonly row: number;
  readonly result: number;
  readonly flags: number;
}

describeWithUring(`a ring (${absence || 'of this kernel'})`, () => {
  let ring: Ring;
  let near: number;
  let far: number;

  beforeEach(() => {
    ring = new Ring(libc, { submissions: 8, completions: 64 });
    const pair = libc.allocate(8);
    libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.address);
    near = pair.view.getInt32(0, true);
    far = pair.view.getInt32(4, true);
  });

  afterEach(() => {
    libc.close(near);
    libc.close(far);
    ring.close();
  });

  /** Enters until that many completions have come. */
  function complete(count: number): Completion[] {
    const completions: Completion[] = [];
    for (let turn = 0; turn < 10_000 && completions.length < count; turn++) {
      ring.enter(0);
      const end = ring.end;
      for (let at = ring.first; at !== end; at++) {
        const [kind, row] = [ring.kindOf(at), ring.rowOf(at)];
        completions.push({ kind, row, result: ring.resultOf(at), flags: ring.flagsOf(at) });
      }
      ring.release(end);
    }
    return completions;
  }

  function bytesAt(text: string): number {
    const memory = libc.allocate(text.length);
    memory.bytes.set(new TextEncoder().encode(text));
    return memory.address;
  }

  test('a lasting receive brings every message in a buffer of its own, until it is cancelled', () => {
    const buffers = new InputBuffers(libc, ring, input);
    ring.prepareReceive(1, 5, { descriptor: near, group: GROUP });
    const texts = [];
    for (const text of ['first', 'second']) {
      libc.send(far, bytesAt(text), text.length, MSG_NOSIGNAL);
      const [{ kind, row, result, flags }] = complete(1);
      expect([kind, row, result, flags & IORING_CQE_F_MORE]).toEqual([1, 5, text.length, IORING_CQE_F_MORE]);
      const start = ringBufferAt(flags >>> IORING_CQE_BUFFER_SHIFT);
      texts.push(new TextDecoder().decode(input.subarray(start, start + result)));
    }
    expect(texts).toEqual(['first', 'second']);
    ring.prepareCancel(1, 5);
    const ended = complete(2).find(({ kind }) => kind === 1);
    expect(ended).toMatchObject({ row: 5, result: -ECANCELED, flags: 0 });
    buffers.close();
  });

  test('buffers that were not given back run out, and serve again when they are', () => {
    const buffers = new InputBuffers(libc, ring, input);
    const full = libc.allocate(RING_BUFFER_BYTES);
    const taken: number[] = [];
    ring.prepareReceive(1, 5, { descriptor: near, group: GROUP });
    for (let isOver = false; !isOver; ) {
      while (libc.send(far, full.address, RING_BUFFER_BYTES, MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
      for (const { result, flags } of complete(1)) {
        if (result > 0) taken.push(flags >>> IORING_CQE_BUFFER_SHIFT);
        isOver ||= (flags & IORING_CQE_F_MORE) === 0;
      }
    }
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken).toHaveLength(RING_BUFFERS);
    for (const number of taken) buffers.giveBack(number);
    buffers.publish();
    ring.prepareReceive(1, 5, { descriptor: near, group: GROUP });
    expect(complete(1)[0].result).toBeGreaterThan(0);
    ring.prepareCancel(1, 5);
    while (complete(1).every(({ kind, flags }) => kind !== 1 || (flags & IORING_CQE_F_MORE) !== 0));
    buffers.close();
  });

  test('a quiet send is heard of if it is cut, or not made for want of room, and not otherwise', () => {
    const size = 4_000_000;
    const memory = libc.allocate(size);
    ring.prepareQuietSend(2, 8, far, bytesAt('whole'), 5);
    ring.prepareQuietSend(2, 9, far, memory.address, size);
    const [cut] = complete(1);
    expect(cut).toMatchObject({ kind: 2, row: 9 });
    expect(cut.result).toBeGreaterThan(0);
    expect(cut.result).toBeLessThan(size);
    ring.prepareQuietSend(2, 9, far, memory.address, size);
    expect(complete(1)[0].result).toBe(-EAGAIN);
  });

  test('a quiet send that was withdrawn is not made; what was handed over does not wait any more', () => {
    const withdrawn = ring.prepareQuietSend(2, 9, far, bytesAt('no'), 2);
    const made = ring.prepareQuietSend(2, 9, far, bytesAt('yes'), 3);
    expect([withdrawn, made].map((number) => ring.isWaiting(number))).toEqual([true, true]);
    ring.withdraw(withdrawn);
    ring.prepareSend(3, 9, far, bytesAt('!'), 1, MSG_NOSIGNAL);
    expect(complete(1).map(({ kind }) => kind)).toEqual([3]);
    expect([withdrawn, made].map((number) => ring.isWaiting(number))).toEqual([false, false]);
    const received = libc.allocate(16);
    expect(libc.recv(near, received.address, 16, 0)).toBe(4);
    expect(new TextDecoder().decode(received.bytes.subarray(0, 4))).toBe('yes!');
  });

  test('quiet sends are asked for before their completions could go unseen', () => {
    let asked = 0;
    const small = new Ring(libc, { submissions: 8, completions: 128, withdrawQuiet: () => asked++ });
    const address = bytesAt('x');
    const prepare = (count: number) => {
      for (let row = 0; row < count; row++) small.prepareSend(2, row, far, address, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    };
    prepare(8);
    small.enter(0);
    expect(asked).toBe(0);
    prepare(9);
    expect(asked).toBe(1);
    small.enter(0);
    expect(asked).toBe(1);
    // None of the completions is released: 25 lie there, and there must be room for 64 receives.
    for (let unreleased = 17; unreleased + 8 + 64 <= 128; unreleased += 8) {
      prepare(8);
      small.enter(0);
      expect(asked).toBe(1);
    }
    prepare(8);
    small.enter(0);
    expect(asked).toBe(2);
    small.close();
  });

  test('more submissions than the queue holds are handed over in between, and none is lost', () => {
    const address = bytesAt('x');
    for (let row = 0; row < 50; row++) ring.prepareSend(2, row, far, address, 1, MSG_NOSIGNAL);
    const rows = complete(50).map(({ row }) => row);
    expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, row) => row));
  });

  test('completions that find their queue full are kept', () => {
    const address = bytesAt('x');
    for (let row = 0; row < 500; row++) ring.prepareSend(2, row, far, address, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    expect(new Set(complete(500).map(({ row }) => row)).size).toBe(500);
  });

  test('a poll completes when something can be read, a timeout after its time', () => {
    ring.preparePoll(4, 1, { descriptor: near, events: EPOLLIN });
    ring.prepareTimeout(5, 2, 1);
    expect(complete(1)).toEqual([{ kind: 5, row: 2, result: -ETIME, flags: 0 }]);
    libc.send(far, bytesAt('x'), 1, MSG_NOSIGNAL);
    expect(complete(1)[0]).toMatchObject({ kind: 4, row: 1, result: EPOLLIN });
  });

  test('whatever the ring is told, an entry into a closed one is an error', () => {
    const other = new Ring(libc, { submissions: 8, completions: 64 });
    other.close();
    expect(() => new InputBuffers(libc, other, input)).toThrow('Cannot register buffers with the io_uring: EBADF');
  });
});

describe('the room of replies', () => {
  const testWithLibc = loaded === null ? test.skip : test;

  function write(output: ReplyWriter, text: string): void {
    output.ensure(text.length);
    output.text(text);
  }

  testWithLibc('what is kept stays as it was written while the output moves on', () => {
    const output = new ReplyWriter();
    const room = new ReplyRoom(libc, output);
    const kept = ['one', 'two'.repeat(700), 'three'].map((text) => {
      write(output, text);
      expect(room.takes(text.length)).toBe(true);
      return { text, at: room.keep() };
    });
    expect(output.waiting).toBe(0);
    write(output, 'later');
    for (const { text, at } of kept) {
      expect(new TextDecoder().decode(room.bytesOf(at, 0, text.length))).toBe(text);
    }
    expect(kept.map(({ at }) => at)).toEqual([0, 64, 2176]);
    expect(room.outputAddress - room.addressOf(0)).toBe(2240);
    output.clear();
    room.restart();
    expect(room.outputAddress).toBe(room.addressOf(0));
  });

  testWithLibc('an output that has outgrown its place is not kept, and is back there when it is cleared', () => {
    const output = new ReplyWriter();
    const room = new ReplyRoom(libc, output);
    const address = room.outputAddress;
    const { length } = output.bytes;
    write(output, 'x'.repeat(length + 1));
    expect(room.takes(5)).toBe(false);
    expect(room.outputAddress).not.toBe(address);
    output.clear();
    expect(room.outputAddress).toBe(address);
    expect(output.bytes.length).toBe(length);
  });

  testWithLibc('when the room of a turn is used up nothing more is kept, until it begins again', () => {
    const output = new ReplyWriter();
    const room = new ReplyRoom(libc, output);
    let count = 0;
    for (; room.takes(65_536); count++) {
      output.at += 65_536;
      room.keep();
    }
    expect(count).toBe(QUEUED_REPLIES_BYTES / 65_536 - 1);
    room.restart();
    expect(room.takes(65_536)).toBe(true);
  });
});
