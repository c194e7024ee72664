/**
 * Room for what a connection sent and a session could not use yet: half a command, or commands behind a full output.
 *
 * One a session. It borrows room only while something is left over, so that an idle connection holds none. Halves of commands fit the small
 * rooms, which the sessions of a worker thread share; larger leftovers, at most one receive buffer, get their own.
 */

/** Fits every unfinished line that is not a long get, and every unfinished head of a binary frame with a key that is allowed. */
const SMALL_ROOM_BYTES = 2304;

/** Small rooms kept for the next session that needs one. */
const SPARE_ROOMS_MAX = 64;

/** Up to here a loop costs less than the view that `set` needs, and leaves no garbage. */
const LOOP_BYTES_MAX = 256;

const spareRooms: Uint8Array[] = [];

export class HeldInput {
  #room: Uint8Array | null = null;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#room === null;
  }

  /** Copies input[start..end). Nothing is held at that time. */
  keep(input: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    const room =
      bytes > SMALL_ROOM_BYTES ? new Uint8Array(bytes) : (spareRooms.pop() ?? new Uint8Array(SMALL_ROOM_BYTES));
    copyToFront(room, input, start, bytes);
    this.#room = room;
    this.#bytes = bytes;
  }

  /** Copies what is held to the front of `input`; returns how many bytes. They stay held until `drop`. */
  putInto(input: Uint8Array): number {
    if (this.#room !== null) copyToFront(input, this.#room, 0, this.#bytes);
    return this.#bytes;
  }

  drop(): void {
    const room = this.#room;
    if (room === null) return;
    this.#room = null;
    this.#bytes = 0;
    if (room.length === SMALL_ROOM_BYTES && spareRooms.length < SPARE_ROOMS_MAX) spareRooms.push(room);
  }
}

function copyToFront(target: Uint8Array, source: Uint8Array, start: number, bytes: number): void {
  if (bytes > LOOP_BYTES_MAX) target.set(source.subarray(start, start + bytes));
  else for (let at = 0; at < bytes; at++) target[at] = source[start + at];
}
