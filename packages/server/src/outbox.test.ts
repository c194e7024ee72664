import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { DUMP_SLOT, Outboxes, OutboxState, shareOutboxes, WATCH_SLOTS } from './outbox.js';

const RING_BYTES = 8192;

function open(slotBytes = RING_BYTES): { consumer: Outboxes; producer: Outboxes; slot: number } {
  const shared = shareOutboxes({ slotBytes });
  const consumer = new Outboxes(shared);
  const slot = consumer.claimWatch(0, { kinds: 1, startGid: 0n }, () => {});
  return { consumer, producer: new Outboxes(shared), slot };
}

function takeAll(outboxes: Outboxes, slot: number, limit = RING_BYTES): Uint8Array {
  const bytes = new Uint8Array(limit);
  return bytes.subarray(0, outboxes.take(slot, bytes, 0, limit));
}

describe('an outbox', () => {
  test('gives out what was put in, in pieces of any size, across its end many times', () => {
    const pieces = fc.array(
      fc.record({ put: fc.uint8Array({ maxLength: 5000 }), limit: fc.integer({ max: 5000, min: 1 }) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(pieces, (rounds) => {
        const { consumer, producer, slot } = open();
        const sent: number[] = [];
        const received: number[] = [];
        for (const { put, limit } of rounds) {
          if (producer.put(slot, put, 0, put.length)) sent.push(...put);
          received.push(...takeAll(consumer, slot, limit));
        }
        received.push(...takeAll(consumer, slot));
        expect(received).toEqual(sent);
      }),
      { numRuns: 50 },
    );
  });

  test('takes a line whole or not at all', () => {
    const { consumer, producer, slot } = open();
    expect(producer.put(slot, new Uint8Array(RING_BYTES - 1), 0, RING_BYTES - 1)).toBe(true);
    expect(producer.room(slot)).toBe(0);
    expect(producer.put(slot, new Uint8Array(1), 0, 1)).toBe(false);
    takeAll(consumer, slot, 10);
    expect(producer.room(slot)).toBe(10);
    expect(producer.put(slot, new Uint8Array(11), 0, 11)).toBe(false);
    expect(producer.put(slot, new Uint8Array(10), 0, 10)).toBe(true);
    expect(consumer.used(slot)).toBe(RING_BYTES - 1);
  });

  test('is never smaller than a few lines, whatever the flag says', () => {
    expect(new Outboxes(shareOutboxes({ slotBytes: 1 })).slotBytes).toBe(RING_BYTES);
  });

  test('is ready for its owner alone, and only while it has something', () => {
    const { consumer, producer, slot } = open();
    expect(consumer.readySlotOf(0, 0)).toBe(-1);
    producer.put(slot, Uint8Array.of(1), 0, 1);
    expect(consumer.readySlotOf(1, 0)).toBe(-1);
    expect(consumer.readySlotOf(0, 0)).toBe(slot);
    expect(consumer.readySlotOf(0, slot + 1)).toBe(-1);
    takeAll(consumer, slot);
    expect(consumer.readySlotOf(0, 0)).toBe(-1);
  });
});

describe('the table of outboxes', () => {
  test('has room for twenty watchers and one key dump', () => {
    const outboxes = new Outboxes(shareOutboxes({ slotBytes: RING_BYTES }));
    const claim = () => outboxes.claimWatch(0, { kinds: 1, startGid: 0n }, () => {});
    expect(Array.from({ length: WATCH_SLOTS }, claim)).toEqual(Array.from({ length: WATCH_SLOTS }, (_, slot) => slot));
    expect(claim()).toBe(-1);
    expect(outboxes.claimDump(0, { subject: 1, classes: 6n })).toBe(DUMP_SLOT);
    expect(outboxes.claimDump(0, { subject: 1, classes: 6n })).toBe(-1);
    expect(outboxes.watchers()).toBe(WATCH_SLOTS);
  });

  test('keeps what a slot was claimed for, 64-bit numbers whole', () => {
    const outboxes = new Outboxes(shareOutboxes({ slotBytes: RING_BYTES }));
    const slot = outboxes.claimWatch(3, { kinds: 5, startGid: 0x1_2345_6789_abcdn }, () => {});
    outboxes.claimDump(2, { subject: 1, classes: 0xffff_ffff_ffff_fffen });
    expect([outboxes.ownerOf(slot), outboxes.subjectOf(slot), outboxes.detailOf(slot)]).toEqual([
      3,
      5,
      0x1_2345_6789_abcdn,
    ]);
    expect([outboxes.ownerOf(DUMP_SLOT), outboxes.detailOf(DUMP_SLOT)]).toEqual([2, 0xffff_ffff_ffff_fffen]);
    expect([outboxes.isWatch(slot), outboxes.isWatch(DUMP_SLOT)]).toEqual([true, false]);
  });

  test('tells the union of all that is watched whenever it changes', () => {
    const outboxes = new Outboxes(shareOutboxes({ slotBytes: RING_BYTES }));
    const seen: number[] = [];
    const note = (kinds: number) => seen.push(kinds);
    const first = outboxes.claimWatch(0, { kinds: 1, startGid: 0n }, note);
    const second = outboxes.claimWatch(0, { kinds: 6, startGid: 0n }, note);
    outboxes.abandon(first, note);
    outboxes.abandon(second, note);
    expect(seen).toEqual([1, 7, 6, 0]);
  });

  test('gives the slot of a lost connection out again only after its producer has let go of it', () => {
    const { consumer, producer, slot } = open();
    consumer.abandon(slot, () => {});
    expect(consumer.claimWatch(0, { kinds: 1, startGid: 0n }, () => {})).toBe(slot + 1);
    expect(producer.reclaim(slot)).toBe(true);
    expect(producer.reclaim(slot)).toBe(false);
    producer.put(slot + 1, Uint8Array.of(1), 0, 1);
    const again = consumer.claimWatch(0, { kinds: 1, startGid: 0n }, () => {});
    expect(again).toBe(slot);
    expect(consumer.used(again)).toBe(0);
  });

  test('keeps a finished slot ready until its reader has emptied and released it', () => {
    const { consumer, producer, slot } = open();
    producer.put(slot, Uint8Array.of(1, 2), 0, 2);
    producer.finish(slot);
    expect(consumer.stateOf(slot)).toBe(OutboxState.FINISHED);
    expect(takeAll(consumer, slot)).toHaveLength(2);
    expect(consumer.isReady(slot)).toBe(true);
    consumer.release(slot);
    expect(consumer.stateOf(slot)).toBe(OutboxState.FREE);
  });

  test('frees a finished slot at once when its connection is lost', () => {
    const { consumer, producer, slot } = open();
    producer.finish(slot);
    consumer.abandon(slot, () => {});
    expect(consumer.stateOf(slot)).toBe(OutboxState.FREE);
    producer.finish(slot);
    expect(consumer.stateOf(slot)).toBe(OutboxState.FREE);
  });
});

describe('two threads', () => {
  /** Puts numbered lines of changing lengths, each again until it fits. */
  const PRODUCER = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ Outboxes }) => {
      const outboxes = new Outboxes(workerData.shared);
      for (let line = 0; line < workerData.lines; line++) {
        const bytes = Buffer.from(line + ' '.repeat((line * 31) % 400) + '\\n');
        while (!outboxes.put(workerData.slot, bytes, 0, bytes.length));
      }
      outboxes.finish(workerData.slot);
    });`;

  test('pass lines through an outbox in their order, whole, however full it is', async () => {
    const shared = shareOutboxes({ slotBytes: RING_BYTES });
    const consumer = new Outboxes(shared);
    const slot = consumer.claimWatch(0, { kinds: 1, startGid: 0n }, () => {});
    const module = new URL('../dist/outbox.js', import.meta.url).href;
    const lines = 20_000;
    const producer = new Worker(PRODUCER, { eval: true, workerData: { module, shared, slot, lines } });
    let text = '';
    while (consumer.stateOf(slot) !== OutboxState.FINISHED || consumer.used(slot) > 0) {
      text += Buffer.from(takeAll(consumer, slot, 1 + (text.length % 3000))).toString('latin1');
      if (consumer.used(slot) === 0) await new Promise(setImmediate);
    }
    await producer.terminate();
    expect(text.split('\n').slice(0, -1).map(Number)).toEqual(Array.from({ length: lines }, (_, line) => line));
  });
});
