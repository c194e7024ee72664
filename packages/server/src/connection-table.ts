/**
 * Who is connected: one row for each listener and each client, in memory that all threads share.
 *
 * A row's number is the connection's id: `cfd` in watch lines, the name in `stats conns`. The lowest free row is taken first, so
 * ids grow as descriptors do in memcached. The accepting worker claims a row, the worker that serves the connection writes it
 * and gives it back; any thread may read at any time and may find a row half written, which costs a wrong line in `stats conns`
 * and nothing else. Capacity: the listeners plus -c; a claim that finds no row is what enforces -c.
 *
 *   header  0 USED  1 HINT (no free row below it, as a rule)  2 STRUCTURES, then a cache line's rest
 *   row     bytes 0..63    words, see Word
 *           bytes 64..127  peer:  length, then ASCII, such as tcp6:[::1]:40112
 *           bytes 128..191 local: the same
 */
export const ConnectionState = {
  LISTENING: 0,
  NEW_CMD: 1,
  WAITING: 2,
  READ: 3,
  PARSE_CMD: 4,
  WRITE: 5,
  NREAD: 6,
  SWALLOW: 7,
  CLOSING: 8,
  MWRITE: 9,
  CLOSED: 10,
  WATCH: 11,
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** The kind of address at one end of a connection. */
export const Family = { UNIX: 1, IPV4: 4, IPV6: 6 } as const;
export type Family = (typeof Family)[keyof typeof Family];

export interface Endpoint {
  readonly family: Family;
  /** IP address; the path of a unix listener, '' for a unix client. */
  readonly address: string;
  /** 0 on a unix socket. */
  readonly port: number;
}

export interface ConnectionTableShared {
  readonly rows: SharedArrayBuffer;
  readonly capacity: number;
  /** Path of the unix socket, which is too long for a row. */
  readonly unixSocket: string | null;
}

const Header = { USED: 0, HINT: 1, STRUCTURES: 2 } as const;
const HEADER_WORDS = 16;
const Word = {
  USE: 0,
  STATE: 1,
  LAST_COMMAND: 2,
  WORKER: 3,
  FAMILY: 4,
  IS_LISTENER: 5,
  DESCRIPTOR: 6,
  LISTENER_PORT: 7,
} as const;
const ROW_WORDS = 48;
const PEER_BYTE = 64;
const LOCAL_BYTE = 128;
const TEXT_BYTES_MAX = 63;
const FREE = 0;
const TAKEN = 1;
/** What memcached prints for the peer of a unix socket, which has no name. */
const NAMELESS_PEER = '?:<AF 0>';

export function shareConnectionTable(parts: { capacity: number; unixSocket: string | null }): ConnectionTableShared {
  const words = HEADER_WORDS + parts.capacity * ROW_WORDS;
  return { ...parts, rows: new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT) };
}

/** As `stats conns` writes an address. */
export function addressText({ family, address, port }: Endpoint): string {
  switch (family) {
    case Family.IPV4:
      return `tcp:${address}:${port}`;
    case Family.IPV6:
      return `tcp6:[${address}]:${port}`;
    case Family.UNIX:
      return address === '' ? NAMELESS_PEER : `unix:${address}`;
  }
}

export class ConnectionTable {
  readonly capacity: number;
  readonly #unixSocket: string | null;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(shared: ConnectionTableShared) {
    this.capacity = shared.capacity;
    this.#unixSocket = shared.unixSocket;
    this.#words = new Int32Array(shared.rows);
    this.#bytes = new Uint8Array(shared.rows);
  }

  // Taking and giving back

  /** The lowest free row, −1 if all are taken. */
  claim(): number {
    const hint = Atomics.load(this.#words, Header.HINT);
    let row = this.#claimFrom(hint);
    // A release that ran beside another claim may have left a free row below the hint.
    if (row < 0 && hint > 0) row = this.#claimFrom(0);
    if (row < 0) return -1;
    Atomics.compareExchange(this.#words, Header.HINT, hint, row + 1);
    Atomics.add(this.#words, Header.USED, 1);
    this.#raiseStructures(row + 1);
    return row;
  }

  /** Says where a claimed row's connection is. The state comes last: readers take a row for complete when it is not CLOSED. */
  open(
    row: number,
    parts: { worker: number; descriptor: number; peer: Endpoint; local: Endpoint; nowSeconds: number },
  ): void {
    const at = this.#word(row);
    this.#words[at + Word.WORKER] = parts.worker;
    this.#words[at + Word.DESCRIPTOR] = parts.descriptor;
    this.#words[at + Word.FAMILY] = parts.peer.family;
    this.#words[at + Word.LISTENER_PORT] = parts.local.port;
    this.#words[at + Word.IS_LISTENER] = 0;
    this.#words[at + Word.LAST_COMMAND] = parts.nowSeconds;
    this.#writeText(row, PEER_BYTE, addressText(parts.peer));
    this.#writeText(row, LOCAL_BYTE, addressText(parts.local));
    Atomics.store(this.#words, at + Word.STATE, ConnectionState.READ);
  }

  openListener(row: number, parts: { descriptor: number; local: Endpoint; nowSeconds: number }): void {
    const at = this.#word(row);
    this.#words[at + Word.DESCRIPTOR] = parts.descriptor;
    this.#words[at + Word.FAMILY] = parts.local.family;
    this.#words[at + Word.IS_LISTENER] = 1;
    this.#words[at + Word.LAST_COMMAND] = parts.nowSeconds;
    this.#writeText(row, PEER_BYTE, addressText(parts.local));
    Atomics.store(this.#words, at + Word.STATE, ConnectionState.LISTENING);
  }

  release(row: number): void {
    const at = this.#word(row);
    this.#words[at + Word.STATE] = ConnectionState.CLOSED;
    Atomics.store(this.#words, at + Word.USE, FREE);
    Atomics.sub(this.#words, Header.USED, 1);
    let hint = Atomics.load(this.#words, Header.HINT);
    while (row < hint) {
      const seen = Atomics.compareExchange(this.#words, Header.HINT, hint, row);
      if (seen === hint) break;
      hint = seen;
    }
  }

  // While it serves: plain stores by the worker that owns the row

  markCommand(row: number, nowSeconds: number): void {
    this.#words[HEADER_WORDS + row * ROW_WORDS + Word.LAST_COMMAND] = nowSeconds;
  }

  markState(row: number, state: number): void {
    this.#words[HEADER_WORDS + row * ROW_WORDS + Word.STATE] = state;
  }

  // Reading, from any thread

  /** Rows in use, listeners included. memcached's curr_connections is one less. */
  used(): number {
    return Atomics.load(this.#words, Header.USED);
  }

  isFull(): boolean {
    return this.used() >= this.capacity;
  }

  /** The most rows that were ever in use at a time: memcached's connection_structures. */
  structures(): number {
    return Atomics.load(this.#words, Header.STRUCTURES);
  }

  isUsed(row: number): boolean {
    const at = this.#word(row);
    return this.#words[at + Word.USE] !== FREE && this.#words[at + Word.STATE] !== ConnectionState.CLOSED;
  }

  state(row: number): number {
    return this.#words[this.#word(row) + Word.STATE];
  }

  lastCommandSeconds(row: number): number {
    return this.#words[this.#word(row) + Word.LAST_COMMAND];
  }

  worker(row: number): number {
    return this.#words[this.#word(row) + Word.WORKER];
  }

  /** The descriptor that this server has to close itself, −1 when Node.js's socket does. */
  descriptor(row: number): number {
    return this.#words[this.#word(row) + Word.DESCRIPTOR];
  }

  /** The descriptor, which somebody else closes from now on. */
  takeDescriptor(row: number): number {
    const at = this.#word(row) + Word.DESCRIPTOR;
    const descriptor = this.#words[at];
    this.#words[at] = -1;
    return descriptor;
  }

  /** The port through which a client came in, 0 on a unix socket. */
  listenerPort(row: number): number {
    return this.#words[this.#word(row) + Word.LISTENER_PORT];
  }

  /** The client's end of a connection. */
  peer(row: number): Endpoint {
    const [, kind, address, port] = /^(tcp6?):\[?(.*?)\]?:(\d+)$/.exec(this.#readText(row, PEER_BYTE)) ?? [];
    if (kind === undefined) return { family: Family.UNIX, address: '', port: 0 };
    return { family: kind === 'tcp' ? Family.IPV4 : Family.IPV6, address, port: Number(port) };
  }

  /** The client's address, or where a listener listens. */
  address(row: number): string {
    return this.#isUnixListener(row) ? `unix:${this.#unixSocket}` : this.#readText(row, PEER_BYTE);
  }

  /** The server's end of a client's connection, '' for a listener. */
  listenAddress(row: number): string {
    const at = this.#word(row);
    if (this.#words[at + Word.IS_LISTENER] !== 0) return '';
    return this.#words[at + Word.FAMILY] === Family.UNIX ? `unix:${this.#unixSocket}` : this.#readText(row, LOCAL_BYTE);
  }

  #claimFrom(start: number): number {
    for (let row = start; row < this.capacity; row++) {
      const use = this.#word(row) + Word.USE;
      if (this.#words[use] === FREE && Atomics.compareExchange(this.#words, use, FREE, TAKEN) === FREE) {
        this.#words[use - Word.USE + Word.STATE] = ConnectionState.CLOSED;
        return row;
      }
    }
    return -1;
  }

  #raiseStructures(count: number): void {
    let seen = Atomics.load(this.#words, Header.STRUCTURES);
    while (count > seen) seen = Atomics.compareExchange(this.#words, Header.STRUCTURES, seen, count);
  }

  #isUnixListener(row: number): boolean {
    const at = this.#word(row);
    return this.#words[at + Word.IS_LISTENER] !== 0 && this.#words[at + Word.FAMILY] === Family.UNIX;
  }

  #word(row: number): number {
    return HEADER_WORDS + row * ROW_WORDS;
  }

  #writeText(row: number, offset: number, text: string): void {
    const at = this.#word(row) * Int32Array.BYTES_PER_ELEMENT + offset;
    const length = Math.min(text.length, TEXT_BYTES_MAX);
    for (let i = 0; i < length; i++) this.#bytes[at + 1 + i] = text.charCodeAt(i);
    this.#bytes[at] = length;
  }

  #readText(row: number, offset: number): string {
    const at = this.#word(row) * Int32Array.BYTES_PER_ELEMENT + offset;
    return String.fromCharCode(...this.#bytes.subarray(at + 1, at + 1 + this.#bytes[at]));
  }
}
