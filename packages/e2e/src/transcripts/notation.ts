/**
 * The notation of one transcript line: what stands behind `>` or `<` becomes segments.
 *
 *   \r \n \t \0 \xHH \\ \{      one byte
 *   {text*N}                    the text N times
 *   {name} {name+1} {name-1}    the number captured under that name
 *
 * and, in what the server answers only:
 *
 *   {int} {word} {line}         any decimal number; anything up to a blank; anything up to the end of the line
 *   {2..5}                      a number in that range
 *   {name=int} {name>other}     capture a number; capture one greater than `other`
 *   {lines}                     any number of whole lines, up to the text that follows
 *
 * `{version}` is what the server calls itself. Text is bytes: everything is handled as latin1.
 */
export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly repeated: boolean }
  | { readonly kind: 'number'; readonly low: bigint; readonly high: bigint; readonly capture: string | null }
  | { readonly kind: 'greater'; readonly capture: string; readonly than: string }
  | { readonly kind: 'captured'; readonly name: string; readonly plus: bigint }
  | { readonly kind: 'run'; readonly until: 'blank' | 'line' }
  | { readonly kind: 'lines' };

/** What was captured so far, and `version`: the texts and numbers that a line may refer to. */
export type Captures = Map<string, bigint | string>;

const LARGEST = 2n ** 64n - 1n;
const ESCAPES: Record<string, string> = {
  r: '\r',
  n: '\n',
  t: '\t',
  '0': '\0',
  '\\': '\\',
  '{': '{',
  '}': '}',
  '"': '"',
};
const PIECE = /\\x([0-9a-fA-F]{2})|\\(.)|\{([^{}]*)\}|([^\\{]+)/gsy;

export function parseNotation(text: string): Segment[] {
  const segments: Segment[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') segments.push(bytesSegment(plain, false));
    plain = '';
  };
  // A copy: the text in a repetition is read by a call from within this loop.
  const pieces = new RegExp(PIECE);
  while (pieces.lastIndex < text.length) {
    const at = pieces.lastIndex;
    const match = pieces.exec(text);
    if (match === null) throw new Error(`Cannot read "${text}": nothing fits at column ${at + 1}`);
    const [, hex, letter, braces, literal] = match;
    if (hex !== undefined) plain += String.fromCharCode(Number.parseInt(hex, 16));
    else if (letter !== undefined) plain += unescapeOne(letter, text);
    else if (literal !== undefined) plain += literal;
    else {
      flush();
      segments.push(placeholder(braces ?? '', text));
    }
  }
  flush();
  return segments;
}

export function bytesSegment(latin1: string, repeated: boolean): Segment {
  return { kind: 'bytes', bytes: Buffer.from(latin1, 'latin1'), repeated };
}

function unescapeOne(letter: string, text: string): string {
  const byte = ESCAPES[letter];
  if (byte === undefined) throw new Error(`Cannot read "${text}": \\${letter} is no escape`);
  return byte;
}

function placeholder(inside: string, text: string): Segment {
  const repeat = /^(.+)\*(\d+)$/s.exec(inside);
  if (repeat !== null) return bytesSegment(parseLiteral(repeat[1]).repeat(Number(repeat[2])), true);
  const range = /^(-?\d+)\.\.(-?\d+)$/.exec(inside);
  if (range !== null) return { kind: 'number', low: BigInt(range[1]), high: BigInt(range[2]), capture: null };
  const capture = /^([a-z]\w*)=int$/.exec(inside);
  if (capture !== null) return { kind: 'number', low: -LARGEST, high: LARGEST, capture: capture[1] };
  const greater = /^([a-z]\w*)>([a-z]\w*)$/.exec(inside);
  if (greater !== null) return { kind: 'greater', capture: greater[1], than: greater[2] };
  const named = /^([a-z]\w*)([+-]\d+)?$/.exec(inside);
  if (named === null) throw new Error(`Cannot read "${text}": {${inside}} is no placeholder`);
  return word(named[1], BigInt(named[2] ?? 0));
}

function word(name: string, plus: bigint): Segment {
  switch (name) {
    case 'int':
      return { kind: 'number', low: -LARGEST, high: LARGEST, capture: null };
    case 'word':
      return { kind: 'run', until: 'blank' };
    case 'line':
      return { kind: 'run', until: 'line' };
    case 'lines':
      return { kind: 'lines' };
    default:
      return { kind: 'captured', name, plus };
  }
}

function parseLiteral(text: string): string {
  return parseNotation(text)
    .map((segment) => (segment.kind === 'bytes' ? segment.bytes.toString('latin1') : ''))
    .join('');
}

/** The bytes to send: every placeholder in it must already be known. */
export function renderSegments(segments: readonly Segment[], captures: Captures): Buffer {
  const parts = segments.map((segment) => {
    if (segment.kind === 'bytes') return segment.bytes;
    if (segment.kind !== 'captured') throw new Error(`Cannot send a placeholder of kind ${segment.kind}`);
    return Buffer.from(capturedText(segment.name, segment.plus, captures));
  });
  return Buffer.concat(parts);
}

export function capturedText(name: string, plus: bigint, captures: Captures): string {
  const value = captures.get(name);
  if (value === undefined) throw new Error(`Cannot use {${name}}: nothing was captured under that name`);
  return typeof value === 'string' ? value : String(value + plus);
}
