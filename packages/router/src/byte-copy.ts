/**
 * Copying bytes between buffers: a loop for the few bytes of most requests and replies, the built-in copy for more.
 */
const LOOP_BYTES_MAX = 48;

/** source[start..end) to `at` in target, which has room. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; ) target[to++] = source[from++];
}
