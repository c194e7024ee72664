/**
 * The transports that a test can be run on here.
 *
 * io_uring is not allowed everywhere, and libc is not there on every platform.
 */
import type { TransportName } from '../settings.js';
import { loadLibc } from '../transport/libc.js';
import { whyNoUring } from '../transport/uring/self-test.js';

const { libc } = await loadLibc();

export const TRANSPORTS_HERE: readonly TransportName[] =
  libc !== null && whyNoUring(libc) === '' ? ['uring', 'epoll', 'net'] : ['epoll', 'net'];
