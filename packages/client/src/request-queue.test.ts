/** First in, first out, however long it gets. */
import { expect, test } from '@jest/globals';
import { Op, Request, Verb } from './request.js';
import { RequestQueue } from './request-queue.js';

const request = (name: string): Request => new Request(Op.GET, name, Verb.MG, 'k', '', null, null);

test('a request queue keeps the order while it wraps around and grows', () => {
  const queue = new RequestQueue();
  const expected: string[] = [];
  let pushed = 0;
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 17; count++) {
      queue.push(request(`${pushed}`));
      expected.push(`${pushed++}`);
    }
    for (let count = 0; count < 11; count++) {
      expect(queue.first?.name).toBe(expected.shift());
      queue.shift();
    }
    expect(queue.length).toBe(expected.length);
  }
  expect(queue.at(3).name).toBe(expected[3]);
  expect(queue.takeAll().map(({ name }) => name)).toEqual(expected);
  queue.shift();
  expect([queue.length, queue.first]).toEqual([0, undefined]);
});
