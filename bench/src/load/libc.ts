// The load generator's way to the kernel: the few libc calls it needs, reached through koffi without a socket library in between.
// Called by load-loop.ts (epoll, recv, send), startup.ts (getrusage) and nobody else. Linux only.
// Memory is passed as plain addresses (numbers below 2^53), so a call allocates nothing; whoever passes an address keeps the buffer alive.
// Its own binding on purpose: a fault in the server's binding must not hide in the program that judges it.
import koffi from 'koffi';

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CONGESTION = 13;
const SOCKADDR_IN_BYTES = 16;
const EPOLL_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const RUSAGE_CHILDREN = -1;
const RUSAGE_BYTES = 144;

export const Errno = { EINTR: 4, EAGAIN: 11 } as const;
export const Epoll = { IN: 1, OUT: 4, EDGE: 0x8000_0000 | 0, CTL_ADD: 1, CTL_MOD: 3 } as const;

/** struct epoll_event is packed on x86 only. */
export const EPOLL_EVENT_BYTES = process.arch === 'x64' || process.arch === 'ia32' ? 12 : 16;
export const EPOLL_DATA_OFFSET = EPOLL_EVENT_BYTES === 12 ? 4 : 8;

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const connect = libc.func('int connect(int, const void *, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, const void *, int)');
const epollCreate1 = libc.func('int epoll_create1(int)');
const epollCtl = libc.func('int epoll_ctl(int, int, int, const void *)');
const getrusage = libc.func('int getrusage(int, void *)');
const epollWaitRaw: (epoll: number, events: number, max: number, timeoutMs: number) => number = libc.func(
  'epoll_wait',
  'int',
  ['int', 'intptr', 'int', 'int'],
);
// ssize_t, but what is asked for fits an int, which takes no detour through a double.
const recvRaw: (fd: number, address: number, bytes: number, flags: number) => number = libc.func('recv', 'int', [
  'int',
  'intptr',
  'intptr',
  'int',
]);
const sendRaw: (fd: number, address: number, bytes: number, flags: number) => number = libc.func('send', 'int', [
  'int',
  'intptr',
  'intptr',
  'int',
]);
export const closeDescriptor: (fd: number) => number = libc.func('int close(int)');

/** Where the bytes of a view lie in memory. V8 never moves the memory behind an ArrayBuffer. */
export function addressOf(bytes: Uint8Array): number {
  return Number(koffi.address(bytes));
}

export function lastErrno(): number {
  return koffi.errno();
}

/** Up to `bytes` bytes into `address`; 0 = closed by the server, -1 = see lastErrno(). Never blocks. */
export function receive(fd: number, address: number, bytes: number): number {
  return recvRaw(fd, address, bytes, MSG_DONTWAIT);
}

/** Sends what the socket takes; -1 = see lastErrno(). Never blocks, never raises SIGPIPE. */
export function send(fd: number, address: number, bytes: number): number {
  return sendRaw(fd, address, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

export function epollCreate(): number {
  return checked(epollCreate1(EPOLL_CLOEXEC), 'create an epoll descriptor');
}

export function epollWait(epoll: number, events: number, max: number, timeoutMs: number): number {
  return epollWaitRaw(epoll, events, max, timeoutMs);
}

/** Watches `fd` for `interest`; its events carry `tag`. */
export function epollWatch(
  epoll: number,
  operation: number,
  fd: number,
  watch: { interest: number; tag: number },
): void {
  const event = Buffer.alloc(EPOLL_EVENT_BYTES);
  event.writeInt32LE(watch.interest, 0);
  event.writeUInt32LE(watch.tag, EPOLL_DATA_OFFSET);
  checked(epollCtl(epoll, operation, fd, event), 'watch a connection');
}

/**
 * A connected TCP socket without Nagle's delay. `host` is a dotted IPv4 address. Reno, because it is always there and costs least:
 * a machine set to bbr would pace, and bill, the generator's own segments.
 */
export function connectTcp(host: string, port: number): number {
  const fd = checked(socket(AF_INET, SOCK_STREAM_CLOEXEC, 0), 'open a socket');
  const address = Buffer.alloc(SOCKADDR_IN_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  Buffer.from(host.split('.').map(Number)).copy(address, 4);
  checked(connect(fd, address, SOCKADDR_IN_BYTES), `connect to ${host}:${port}`);
  const one = Buffer.from([1, 0, 0, 0]);
  checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, one.length), 'set TCP_NODELAY');
  const reno = Buffer.from('reno');
  checked(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, reno.length), 'choose reno for a connection');
  return fd;
}

/** User plus system time of every child that has ended and been waited for, in microseconds. */
export function childrenCpuMicros(): number {
  const usage = Buffer.alloc(RUSAGE_BYTES);
  checked(getrusage(RUSAGE_CHILDREN, usage), 'read the resource usage of the children');
  const timeval = (at: number): number => Number(usage.readBigInt64LE(at)) * 1e6 + Number(usage.readBigInt64LE(at + 8));
  return timeval(0) + timeval(16);
}

function checked(result: number, action: string): number {
  if (result < 0) throw new Error(`Cannot ${action}: errno ${koffi.errno()}`);
  return result;
}
