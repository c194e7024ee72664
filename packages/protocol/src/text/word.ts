/**
 * Four letters as one number, to recognise a command by one load and one compare.
 */

/** Four ASCII letters as DataView.getInt32(at, true) reads them. */
export function word(letters: string): number {
  return (
    letters.charCodeAt(0) | (letters.charCodeAt(1) << 8) | (letters.charCodeAt(2) << 16) | (letters.charCodeAt(3) << 24)
  );
}
