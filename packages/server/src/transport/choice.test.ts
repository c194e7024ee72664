/** What is chosen where libc is missing, and what is refused. Where seccomp forbids io_uring: main.test.ts. */
import { expect, test } from '@jest/globals';
import { chooseTransport } from './choice.js';

test('without libc auto serves on net and says why', () => {
  expect(chooseTransport('auto', null, 'no koffi')).toEqual({ transport: 'net', fallbackReason: 'no koffi' });
});

test('what was asked for is not replaced by something else', () => {
  expect(chooseTransport('net', null, 'no koffi')).toEqual({ transport: 'net', fallbackReason: '' });
  for (const asked of ['epoll', 'uring'] as const) {
    expect(() => chooseTransport(asked, null, 'no koffi')).toThrow(`Cannot serve on the ${asked} transport: no koffi`);
  }
});
