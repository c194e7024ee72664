/**
 * Room for what a connection sent and a session could not use yet: half a command, or commands behind a full output.
 *
 * Sessions borrow it here and give it back as soon as it is empty, so that an idle connection holds none. Halves of commands fit the small
 * rooms, which are reused; larger leftovers of one receive buffer get their own. Used by the sessions of one worker thread.
 */

/** Fits every unfinished line that is not a long get, and every unfinished head of a binary frame with a key that is allowed. */
const SMALL_ROOM_BYTES = 2304;

/** Small rooms kept for the next borrower. */
const SPARE_ROOMS_MAX = 64;

const spareRooms: Uint8Array[] = [];

/** At least `bytes` of room. */
export function borrowRoom(bytes: number): Uint8Array {
  if (bytes > SMALL_ROOM_BYTES) return new Uint8Array(bytes);
  return spareRooms.pop() ?? new Uint8Array(SMALL_ROOM_BYTES);
}

export function returnRoom(room: Uint8Array): void {
  if (room.length === SMALL_ROOM_BYTES && spareRooms.length < SPARE_ROOMS_MAX) spareRooms.push(room);
}
