/**
 * Which transport a server gets: the one that was asked for or, with `auto`, the fastest that works here.
 *
 * Called once, by sockets.ts, in the main thread. What stands in the way of a faster one is said in the log.
 */
import type { TransportChoice } from '../options.js';
import { TransportName } from '../settings.js';
import { ServerStartError, StartErrorCode } from '../start-errors.js';
import type { Libc } from './libc.js';
import { whyNoUring } from './uring/self-test.js';

export interface ChosenTransport {
  readonly transport: TransportName;
  /** auto: why it is not a faster one, '' when it is the fastest. */
  readonly fallbackReason: string;
}

/** Throws a ServerStartError when what was asked for does not work here. */
export function chooseTransport(asked: TransportChoice, libc: Libc | null, libcMissing: string): ChosenTransport {
  if (asked === 'net') return chosen(TransportName.NET);
  if (libc === null) return asked === 'auto' ? chosen(TransportName.NET, libcMissing) : refuse(asked, libcMissing);
  if (asked === 'epoll') return chosen(TransportName.EPOLL);
  const uringMissing = whyNoUring(libc);
  if (uringMissing === '') return chosen(TransportName.URING);
  return asked === 'auto' ? chosen(TransportName.EPOLL, uringMissing) : refuse(asked, uringMissing);
}

function chosen(transport: TransportName, fallbackReason = ''): ChosenTransport {
  return { transport, fallbackReason };
}

function refuse(asked: TransportChoice, reason: string): never {
  const message = `Cannot serve on the ${asked} transport: ${reason}`;
  throw new ServerStartError(StartErrorCode.TRANSPORT_UNAVAILABLE, message);
}
