/**
 * Text for people: wrapping and the two columns of a help page. Called by help and by the documentation test.
 * Pure functions from strings to strings; widths are in characters.
 */

const UNBROKEN_BLANK = '\u00a0';

/** Keeps a phrase on one line when it is wrapped. */
export function unbroken(phrase: string): string {
  return phrase.replaceAll(' ', UNBROKEN_BLANK);
}

/** Breaks at blanks so that no line is longer than `columns`, unless a single word (or an unbroken phrase) is. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/[ \n]+/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((wrapped) => wrapped.replaceAll(UNBROKEN_BLANK, ' '));
}

/** A term at `indent` and its explanation from `column` on; a term that is too wide has its first line to itself. */
export function termLines(
  term: string,
  explanation: string,
  layout: { indent: number; column: number; columns: number },
): string[] {
  const { indent, column, columns } = layout;
  const [first, ...others] = wrap(explanation, columns - column).map((line) => ' '.repeat(column) + line);
  const head = ' '.repeat(indent) + term;
  if (head.length + 2 > column) return [head, first, ...others];
  return [head + first.slice(head.length), ...others];
}
