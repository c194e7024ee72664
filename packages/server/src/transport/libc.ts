/**
 * The C library as this package uses it: sockets, epoll, io_uring and eventfd of Linux, called through koffi.
 *
 * Loaded by server.ts (binding, limits) and by each worker on epoll. Pointers are passed as plain integers, the address of a
 * buffer plus an offset, so that a call on the hot path allocates nothing. Buffers must therefore never move: `allocate` makes
 * them over an ArrayBuffer of their own, which V8 keeps outside its heap, and keeps them referenced. Constants are those that
 * x64, arm64, riscv64 and loong64 share; epoll_event is packed on x64 only.
 */
import { getSystemErrorName } from 'node:util';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_NOSIGNAL = 0x4000;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x80000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EFD_NONBLOCK = 0x800;
export const EFD_CLOEXEC = 0x80000;
export const EPOLL_CLOEXEC = 0x80000;
export const F_DUPFD_CLOEXEC = 1030;
export const RLIMIT_CORE = 4;
export const RLIMIT_NOFILE = 7;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EBUSY = 16;
export const ENFILE = 23;
export const EMFILE = 24;
export const ECONNABORTED = 103;
export const ENOBUFS = 105;
export const ECANCELED = 125;
export const SOCKADDR_BYTES_MAX = 128;
export const SHUT_RDWR = 2;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const MADV_HUGEPAGE = 14;
/** The largest ordinary page of the architectures below: advice is given for whole pages. */
const PAGE_BYTES_MAX = 65_536;
/** Young enough to have the same numbers everywhere. */
const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;
const SYS_IO_URING_REGISTER = 427;

/** epoll_event: uint32 events, then the 64 bits of data, of which the low 32 carry a connection's row. */
export const EPOLL_DATA_OFFSET = process.arch === 'x64' ? 4 : 8;
export const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;

const ARCHITECTURES: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

/**
 * An address in a list that is not of numbers only. V8 boxes a number this large, and a field that only ever held such numbers gives every
 * reader a box of its own, 16 bytes a call; what such a list holds keeps the one it has.
 */
export type BoxedAddress = readonly [address: number, notANumber: null];

/** Memory that libc reads and writes at `address` + offset. */
export class NativeMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #address: BoxedAddress;

  constructor(buffer: ArrayBuffer, address: number) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#address = [address, null];
  }

  get address(): number {
    return this.#address[0];
  }
}

type Koffi = Pick<typeof import('koffi'), 'load' | 'address' | 'errno' | 'view'>;
type Call<Arguments extends number[]> = (...values: Arguments) => number;

export class Libc {
  readonly socket: Call<[domain: number, type: number, protocol: number]>;
  readonly setsockopt: Call<[descriptor: number, level: number, name: number, value: number, bytes: number]>;
  readonly bind: Call<[descriptor: number, socketAddress: number, bytes: number]>;
  readonly listen: Call<[descriptor: number, backlog: number]>;
  readonly getsockname: Call<[descriptor: number, socketAddress: number, bytes: number]>;
  readonly accept4: Call<[descriptor: number, socketAddress: number, bytes: number, flags: number]>;
  readonly recv: Call<[descriptor: number, address: number, bytes: number, flags: number]>;
  readonly send: Call<[descriptor: number, address: number, bytes: number, flags: number]>;
  readonly read: Call<[descriptor: number, address: number, bytes: number]>;
  readonly close: Call<[descriptor: number]>;
  readonly epollCreate: Call<[flags: number]>;
  readonly epollControl: Call<[epoll: number, operation: number, descriptor: number, event: number]>;
  readonly epollWait: Call<[epoll: number, events: number, eventsMax: number, timeoutMs: number]>;
  readonly eventfd: Call<[initial: number, flags: number]>;
  readonly getrlimit: Call<[resource: number, limits: number]>;
  readonly setrlimit: Call<[resource: number, limits: number]>;
  readonly shutdown: Call<[descriptor: number, how: number]>;
  /** Two connected sockets; their descriptors, two 32-bit numbers, are written to `pair`. */
  readonly socketpair: Call<[domain: number, type: number, protocol: number, pair: number]>;
  readonly ringSetup: Call<[entries: number, parameters: number]>;
  readonly ringEnter: Call<[ring: number, submitted: number, completionsMin: number, flags: number]>;
  readonly ringRegister: Call<[ring: number, operation: number, argument: number, count: number]>;
  readonly #mmap: Call<[address: number, bytes: number, protection: number, flags: number, file: number, at: number]>;
  readonly #munmap: Call<[address: number, bytes: number]>;
  readonly #madvise: Call<[address: number, bytes: number, advice: number]>;
  readonly #fcntl: (descriptor: number, command: number, type: 'int', value: number) => number;
  readonly #koffi: Koffi;
  /** Keeps what libc was given an address of. */
  readonly #allocated: NativeMemory[] = [];

  constructor(koffi: Koffi) {
    const library = koffi.load(null);
    this.socket = library.func('int socket(int, int, int)');
    this.setsockopt = library.func('int setsockopt(int, int, int, int64, uint32)');
    this.bind = library.func('int bind(int, int64, uint32)');
    this.listen = library.func('int listen(int, int)');
    this.getsockname = library.func('int getsockname(int, int64, int64)');
    this.accept4 = library.func('int accept4(int, int64, int64, int)');
    // ssize_t, but what is asked for fits an int, which takes no detour through a double.
    this.recv = library.func('int recv(int, int64, int64, int)');
    this.send = library.func('int send(int, int64, int64, int)');
    this.read = library.func('int64 read(int, int64, int64)');
    this.close = library.func('int close(int)');
    this.epollCreate = library.func('int epoll_create1(int)');
    this.epollControl = library.func('int epoll_ctl(int, int, int, int64)');
    this.epollWait = library.func('int epoll_wait(int, int64, int, int)');
    this.eventfd = library.func('int eventfd(uint32, int)');
    this.getrlimit = library.func('int getrlimit(int, int64)');
    this.setrlimit = library.func('int setrlimit(int, int64)');
    this.shutdown = library.func('int shutdown(int, int)');
    this.socketpair = library.func('int socketpair(int, int, int, int64)');
    // libc has no names for these three; each takes a fixed number of words. The last two of enter, a signal mask, are not used.
    const setup = library.func('int syscall(int64, uint32, int64)');
    const enter = library.func('int syscall(int64, int, uint32, uint32, uint32, int64, int64)');
    const register = library.func('int syscall(int64, int, uint32, int64, uint32)');
    this.ringSetup = (entries, parameters) => setup(SYS_IO_URING_SETUP, entries, parameters);
    this.ringEnter = (ring, submitted, completionsMin, flags) =>
      enter(SYS_IO_URING_ENTER, ring, submitted, completionsMin, flags, 0, 0);
    this.ringRegister = (ring, operation, argument, count) =>
      register(SYS_IO_URING_REGISTER, ring, operation, argument, count);
    this.#mmap = library.func('int64 mmap(int64, size_t, int, int, int, int64)');
    this.#munmap = library.func('int munmap(int64, size_t)');
    this.#madvise = library.func('int madvise(int64, size_t, int)');
    this.#fcntl = library.func('int fcntl(int, int, ...)');
    this.#koffi = koffi;
  }

  /** Of the last call that failed. */
  errno(): number {
    return this.#koffi.errno();
  }

  /** Another descriptor of the same socket, closed on exec. */
  duplicate(descriptor: number): number {
    return this.#fcntl(descriptor, F_DUPFD_CLOEXEC, 'int', 0);
  }

  /** Zeroed memory that stays where it is as long as this object lives. */
  allocate(bytes: number): NativeMemory {
    const buffer = new ArrayBuffer(bytes);
    const memory = new NativeMemory(buffer, Number(this.#koffi.address(buffer)));
    this.#allocated.push(memory);
    return memory;
  }

  /** Where a buffer begins. It must lie over an ArrayBuffer that was made as such, or be larger than 64 bytes. */
  addressOf(bytes: Uint8Array): number {
    return Number(this.#koffi.address(bytes));
  }

  /** Maps a file's or, without one, fresh zeroed memory. Throws a SystemCallError. Nothing unmaps it but `unmap`. */
  map(bytes: number, file?: { descriptor: number; offset: number }): NativeMemory {
    const flags = file === undefined ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
    const address = this.#mmap(0, bytes, PROT_READ | PROT_WRITE, flags, file?.descriptor ?? -1, file?.offset ?? 0);
    if (address < 0) throw new SystemCallError('map memory', this.errno());
    return new NativeMemory(this.#koffi.view(address, bytes), address);
  }

  /** The memory must not be looked at any more. */
  unmap({ address, bytes }: NativeMemory): void {
    this.#munmap(address, bytes.length);
  }

  /** Has the kernel put large pages behind a buffer from now on, where it has some and its setting is `always` or `madvise`. Else nothing changes. */
  askForLargePages(buffer: SharedArrayBuffer): void {
    const start = this.addressOf(new Uint8Array(buffer));
    const first = Math.ceil(start / PAGE_BYTES_MAX) * PAGE_BYTES_MAX;
    const bytes = start + buffer.byteLength - first;
    if (bytes > 0) this.#madvise(first, bytes, MADV_HUGEPAGE);
  }

  /**
   * The memory of a shared buffer as a view that V8 takes for an ordinary one: it then copies blocks with memmove instead of
   * word by word. Keep the shared buffer referenced as long as the view.
   */
  unsharedBytes(buffer: SharedArrayBuffer): Uint8Array {
    return new Uint8Array(this.#koffi.view(this.addressOf(new Uint8Array(buffer)), buffer.byteLength));
  }
}

/** A call that failed, with the name of its errno as code. */
export class SystemCallError extends Error {
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errorName(errno);
    super(`Cannot ${call}: ${code}`);
    this.name = 'SystemCallError';
    this.code = code;
  }
}

export function errorName(errno: number): string {
  return getSystemErrorName(-errno);
}

export interface LibcLoad {
  readonly libc: Libc | null;
  /** Why it is not there, '' when it is. */
  readonly reason: string;
}

/** libc where it works: Linux on a 64-bit architecture that koffi has a binary for. */
export async function loadLibc(): Promise<LibcLoad> {
  if (process.platform !== 'linux') return { libc: null, reason: `epoll is Linux's, this is ${process.platform}` };
  if (!ARCHITECTURES.includes(process.arch)) return { libc: null, reason: `not known on ${process.arch}` };
  try {
    return { libc: new Libc(await import('koffi')), reason: '' };
  } catch (error) {
    return { libc: null, reason: `koffi does not load: ${error instanceof Error ? error.message : error}` };
  }
}
